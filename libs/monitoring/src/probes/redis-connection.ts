import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { ProbeFailedError } from './probe.js';

/** Far more than any reply to what is asked here; INFO of one section has about a kilobyte. */
const maxReplyBytes = 64 * 1024;

/** A command that the server refused; the message begins with its code, such as NOPERM. */
export class RedisRefusedError extends ProbeFailedError {}

const lineEnd = '\r\n';

/** One reply at the beginning of the bytes, and its length; undefined when more bytes are needed. */
function parseReply(bytes: Buffer): { reply: string | null; length: number } | undefined {
  const end = bytes.indexOf(lineEnd);
  if (end < 0) return undefined;
  const line = bytes.toString('utf8', 1, end);
  const after = end + lineEnd.length;
  switch (String.fromCharCode(bytes[0] ?? 0)) {
    case '+':
      return { reply: line, length: after };
    case '-':
      throw new RedisRefusedError(line);
    case '$': {
      if (line === '-1') return { reply: null, length: after };
      if (!/^\d{1,6}$/.test(line)) break;
      const until = after + Number(line);
      if (bytes.length < until + lineEnd.length) return undefined;
      return { reply: bytes.toString('utf8', after, until), length: until + lineEnd.length };
    }
  }
  throw new ProbeFailedError('answer not understood');
}

/**
 * As much of the Redis protocol (RESP2) as a probe speaks: one command after the other, with plain replies. The official
 * client was measured to take 25 MB of resident memory, a fifth of what the worker may use.
 */
export class RedisConnection {
  private unread: Buffer = Buffer.alloc(0);
  private readonly chunks: AsyncIterator<unknown>;

  private constructor(private readonly socket: Socket) {
    this.chunks = socket[Symbol.asyncIterator]();
  }

  /** An abort ends the connection, whatever it is doing. */
  static async open(
    { host, port, tls }: { host: string; port: number; tls: boolean },
    signal: AbortSignal,
  ): Promise<RedisConnection> {
    signal.throwIfAborted();
    const socket = tls ? connectTls({ host, port, servername: host }) : connect({ host, port });
    // Errors also reject what waits; after the end nobody does.
    socket.on('error', () => undefined);
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    await once(socket, tls ? 'secureConnect' : 'connect', { signal });
    return new RedisConnection(socket);
  }

  /** @throws RedisRefusedError, ProbeFailedError */
  async command(...words: string[]): Promise<string | null> {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.socket.write(`*${words.length}\r\n${parts.join('')}`);
    for (;;) {
      const parsed = parseReply(this.unread);
      if (parsed) {
        this.unread = this.unread.subarray(parsed.length);
        return parsed.reply;
      }
      if (this.unread.length > maxReplyBytes) throw new ProbeFailedError('answer too long');
      const next: IteratorResult<unknown, unknown> = await this.chunks.next();
      if (!Buffer.isBuffer(next.value)) throw new ProbeFailedError('connection closed');
      this.unread = Buffer.concat([this.unread, next.value]);
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
