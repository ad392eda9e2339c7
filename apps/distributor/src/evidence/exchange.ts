import type { ClientRequest } from 'node:http';

export interface Answer {
  status: number;
  text: string;
}

export interface Limits {
  /** For the whole exchange, connecting included; a socket's own timeout begins anew with every byte. */
  timeoutMs: number;
  maxBytes: number;
  signal: AbortSignal;
}

export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

export class TooManyBytesError extends Error {
  override readonly name = 'TooManyBytesError';
}

/** Sends a request and reads its answer to the end. A redirect is an answer like any other. */
export function exchange(request: ClientRequest, { timeoutMs, maxBytes, signal }: Limits): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = (error: Error): void => {
      end();
      reject(error);
      request.destroy();
    };
    const timer = setTimeout(() => {
      giveUp(new TimeoutError());
    }, timeoutMs);
    const stop = (): void => {
      giveUp(new Error('was not waited for'));
    };
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    request.on('error', giveUp);
    request.on('response', (response) => {
      let size = 0;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) giveUp(new TooManyBytesError());
        else chunks.push(chunk);
      });
      response.on('error', giveUp);
      response.on('end', () => {
        end();
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    request.end();
  });
}
