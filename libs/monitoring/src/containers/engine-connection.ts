import { Agent, type IncomingMessage, request } from 'node:http';

import type { EngineAddress } from './docker-host.js';

/** Of one answer: thousands of containers fit into this. More is not read, so that no answer fills the memory. */
const maxAnswerBytes = 32 * 1024 * 1024;

/** The Engine, or a proxy before it, answered with a status that is no success. */
export class EngineRefusedError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(`status ${status}${detail === '' ? '' : `: ${detail}`}`);
    this.name = 'EngineRefusedError';
  }
}

/** What came back is no document at all. */
export class EngineAnswerError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'EngineAnswerError';
  }
}

/**
 * HTTP to one Engine, GET only. A connection for each question: a kept one may have been closed just when it is used
 * again, and may lead to an Engine that has since been replaced.
 */
export class EngineConnection {
  private readonly agent = new Agent({ keepAlive: false });

  private readonly place: { socketPath: string } | { host: string; port: number };

  constructor(address: EngineAddress) {
    this.place =
      'socketPath' in address
        ? { socketPath: address.socketPath }
        : { host: address.host, port: address.port };
  }

  /** @throws EngineRefusedError, EngineAnswerError; anything else means that nobody answered */
  async getJson(path: string, signal: AbortSignal): Promise<unknown> {
    const text = await readText(await this.open(path, signal));
    try {
      return JSON.parse(text);
    } catch {
      throw new EngineAnswerError('the answer is not JSON');
    }
  }

  /**
   * The answer as it arrives. The signal ends it in any phase.
   * @throws EngineRefusedError, EngineAnswerError; anything else means that nobody answered
   */
  async open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { accept: 'application/json' };
      request({ ...this.place, agent: this.agent, path, headers, signal }, resolve)
        .on('error', reject)
        .end();
    });
    const { statusCode = 0 } = answer;
    if (statusCode === 200) return answer;
    throw new EngineRefusedError(statusCode, messageOf(await readText(answer)));
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) throw new EngineAnswerError('the answer is not made of bytes');
    bytes += chunk.length;
    // Leaving the loop destroys the answer, and with it the connection.
    if (bytes > maxAnswerBytes) throw new EngineAnswerError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The Engine explains itself as `{ "message": … }`; a proxy in words of its own. */
function messageOf(text: string): string {
  const quoted = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  return (quoted ?? text).trim().slice(0, 300);
}
