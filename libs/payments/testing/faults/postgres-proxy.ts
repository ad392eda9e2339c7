import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';

import { type FrontendMessage, FrontendMessages, parametersOf, sqlOf } from './postgres-messages.js';

/**
 * What becomes of one commit. `then` is called at its moment, before the connection is cut; `answered` when PostgreSQL has
 * committed, before its answer is passed on.
 */
export type CommitFate =
  'forward' | { cut: 'before' | 'after'; then?: () => void } | { answered: () => void };

export interface PostgresProxy {
  url: string;
  /** Decides about each commit from now on, by the statements of its transaction. */
  decide(fate: (statements: readonly string[]) => CommitFate): void;
  /** Told of each commit that PostgreSQL has answered and that is passed on. */
  onCommitted(listener: (statements: readonly string[]) => void): void;
  /** From now on who connects waits at the door. */
  hold(): void;
  enter(): void;
  stop(): Promise<void>;
}

const isBegin = /^\s*(begin|start transaction)/i;
const isCommit = /^\s*commit/i;

/** One connection of a client, with its own connection to the server. */
class Passage {
  private readonly messages = new FrontendMessages();
  private statements: string[] = [];
  private readonly server: Socket;
  /** Commits that the server has been sent and has not answered yet. */
  private awaited: { statements: readonly string[]; fate: CommitFate } | undefined;

  constructor(
    private readonly client: Socket,
    target: URL,
    private readonly fateOf: (statements: readonly string[]) => CommitFate,
    private readonly committed: (statements: readonly string[]) => void,
  ) {
    this.server = connect(Number(target.port), target.hostname);
    this.server.setNoDelay(true);
    client.setNoDelay(true);
    for (const [one, other] of [
      [this.client, this.server],
      [this.server, this.client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    client.on('data', (chunk: Buffer) => {
      for (const message of this.messages.take(chunk)) this.pass(message);
    });
    this.server.on('data', (chunk: Buffer) => {
      this.answer(chunk);
    });
  }

  cut(): void {
    this.client.destroy();
    this.server.destroy();
  }

  private pass(message: FrontendMessage): void {
    const sql = sqlOf(message);
    const parameters = parametersOf(message);
    if (sql !== undefined && isBegin.test(sql)) this.statements = [];
    else if (sql !== undefined && isCommit.test(sql)) {
      const fate = this.fateOf(this.statements);
      if (typeof fate === 'object' && 'cut' in fate && fate.cut === 'before') {
        fate.then?.();
        this.cut();
        return;
      }
      this.awaited = { statements: this.statements, fate };
    } else if (sql !== undefined) this.statements.push(sql);
    else if (parameters !== undefined) this.statements.push(`${this.statements.pop() ?? ''}\n${parameters}`);
    this.server.write(message.bytes);
  }

  private answer(chunk: Buffer): void {
    const { awaited } = this;
    this.awaited = undefined;
    const fate = awaited?.fate ?? 'forward';
    if (typeof fate === 'object') {
      if ('cut' in fate) {
        fate.then?.();
        this.cut();
        return;
      }
      fate.answered();
    }
    this.client.write(chunk);
    if (awaited) this.committed(awaited.statements);
  }
}

function portOf(server: Server): number {
  return z.object({ port: z.number() }).parse(server.address()).port;
}

/**
 * Stands between one process and PostgreSQL, and knows what each of its transactions did when it commits. The server may
 * move: each connection asks where it is.
 */
export async function startPostgresProxy(target: () => string): Promise<PostgresProxy> {
  let fateOf: (statements: readonly string[]) => CommitFate = () => 'forward';
  const listeners: ((statements: readonly string[]) => void)[] = [];
  const passages = new Set<Passage>();
  let waiting: Socket[] | undefined;
  const server = createServer();

  const open = (client: Socket): void => {
    if (client.destroyed) return;
    const passage = new Passage(
      client,
      new URL(target()),
      (statements) => fateOf(statements),
      (statements) => {
        for (const listener of listeners) listener(statements);
      },
    );
    passages.add(passage);
    client.once('close', () => passages.delete(passage));
  };
  server.on('connection', (client) => {
    if (!waiting) {
      open(client);
      return;
    }
    client.on('error', () => client.destroy());
    waiting.push(client);
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const url = new URL(target());
  url.hostname = '127.0.0.1';
  url.port = String(portOf(server));

  return {
    url: url.href,
    decide: (fate) => {
      fateOf = fate;
    },
    onCommitted: (listener) => {
      listeners.push(listener);
    },
    hold: () => {
      waiting ??= [];
    },
    enter: () => {
      const clients = waiting ?? [];
      waiting = undefined;
      for (const client of clients) open(client);
    },
    stop: () =>
      new Promise<void>((done) => {
        for (const passage of passages) passage.cut();
        for (const client of waiting ?? []) client.destroy();
        server.close(() => {
          done();
        });
      }),
  };
}
