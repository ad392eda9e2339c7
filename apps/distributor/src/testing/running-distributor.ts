import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, listen, parseEnvironment } from '#platform';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { createDistributor } from '../create-distributor.js';
import { distributorConfigSchema } from '../distributor.config.js';

export const adminPassword = 'LivepeerManager2025!Secure';
export const viewerPassword = 'only for looking 2025';

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON of any kind, else the text. */
  body: unknown;
}

export interface Asking {
  method?: string;
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface RunningDistributor {
  url: string;
  app: NestFastifyApplication;
  ask(path: string, asking?: Asking): Promise<Answer>;
  signIn(password?: string): Promise<string>;
  /** Log lines so far. */
  log: string[];
  close(): Promise<void>;
}

/** The whole app in this process on a free port, with its log kept instead of printed. */
export async function startDistributor(environment: Record<string, string>): Promise<RunningDistributor> {
  const config = parseEnvironment(distributorConfigSchema, {
    ADMIN_PASSWORD: adminPassword,
    VIEWER_PASSWORD: viewerPassword,
    PORT: '0',
    ALLOW_LOOPBACK_WORKERS: 'true',
    ...environment,
  });
  const log: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString());
      done();
    },
  });
  const app = await createDistributor(
    config,
    createLogger({ format: 'json', secrets: config.secrets, destination }),
  );
  const port = await listen(app, { port: 0, variable: 'PORT', host: '127.0.0.1' });
  const url = `http://127.0.0.1:${port}`;

  const ask = async (
    path: string,
    { method = 'GET', token, body, headers = {} }: Asking = {},
  ): Promise<Answer> => {
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json');
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
  };

  return {
    url,
    app,
    ask,
    log,
    async signIn(password = adminPassword) {
      const { body } = await ask('/api/v1/auth/login', { method: 'POST', body: { password } });
      return z.object({ access_token: z.string() }).parse(body).access_token;
    },
    close: () => app.close(),
  };
}

const longestWaitMs = 30_000;

/** Asks again until the answer satisfies; fails with the last answer. */
export async function until<T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + longestWaitMs;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`waited in vain; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
