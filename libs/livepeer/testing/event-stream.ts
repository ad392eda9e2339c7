import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** Longer lines end Go's scanner, and with it the stream. */
const maxLineBytes = 65_536;
/** A stream that ends without `[DONE]` makes real nodes send newlines until a limit of seconds; the doubles stop here. */
export const floodBytes = 65_536;

export interface RelayResult {
  sawDone: boolean;
}

/**
 * Passes an event stream on line by line and stops at the first line that holds `[DONE]`; `beforeDone` goes out just
 * before it. Without that line a flood of newlines follows, as long as `floodBytes`.
 */
export async function relayEventStream(
  source: Readable,
  response: ServerResponse,
  beforeDone = '',
): Promise<RelayResult> {
  for await (const line of linesOf(source)) {
    if (line.includes('[DONE]')) {
      response.write(`${beforeDone}${line}\n`);
      return { sawDone: true };
    }
    response.write(`${line}\n`);
  }
  response.write('\n'.repeat(floodBytes));
  return { sawDone: false };
}

async function* linesOf(source: Readable): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of source) {
      const lines = (rest + Buffer.from(chunk as Uint8Array).toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.length > maxLineBytes) return;
        yield line.replace(/\r$/, '');
      }
      if (rest.length > maxLineBytes) return;
    }
  } catch {
    // A connection that breaks ends the scan like the end of the stream does.
    return;
  }
  if (rest !== '') yield rest;
}
