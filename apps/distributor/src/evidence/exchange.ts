import type { Client, Dispatcher } from 'undici';

export interface Answer {
  status: number;
  text: string;
}

export interface Question {
  /** With the query. */
  path: string;
  /** For the whole exchange, connecting included; a client's own timeouts begin anew with every byte. */
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

/**
 * One GET, read to the end. By a handler and not by `request()`: no streams and no signals of our own are made, which
 * halves what ten thousand exchanges cost. A redirect is an answer like any other.
 */
export function get(client: Client, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { signal, maxBytes } = question;
    let controller: Dispatcher.DispatchController | undefined;
    let over: Error | undefined;
    let status = 0;
    let size = 0;
    const chunks: Buffer[] = [];

    const giveUp = (error: Error): void => {
      over ??= error;
      // Before it is on its way there is nothing to abort: it is stopped when it would be sent.
      controller?.abort(over);
      end();
      reject(over);
    };
    const timer = setTimeout(() => {
      giveUp(new TimeoutError());
    }, question.timeoutMs);
    const stop = (): void => {
      giveUp(new Error('was not waited for'));
    };
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) {
      stop();
      return;
    }

    client.dispatch(
      { path: question.path, method: 'GET', headers: { accept: 'application/json' } },
      {
        onRequestStart(started) {
          controller = started;
          if (over) started.abort(over);
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(_controller, chunk) {
          size += chunk.length;
          if (size > maxBytes) giveUp(new TooManyBytesError());
          else chunks.push(chunk);
        },
        onResponseEnd() {
          end();
          resolve({ status, text: Buffer.concat(chunks).toString('utf8') });
        },
        onResponseError(_controller, error) {
          end();
          reject(error);
        },
      },
    );
  });
}
