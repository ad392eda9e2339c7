import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stands before a real Engine and lets every answer through, but no event: its streams stay open and say nothing. */
export class EventlessEngine {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly directory: string,
    private readonly server: Server,
  ) {}

  static async before(socketPath: string): Promise<EventlessEngine> {
    const directory = await mkdtemp(join(tmpdir(), 'eventless-'));
    const server = createServer((incoming, response) => {
      if (incoming.url?.includes('/events') === true) {
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
        return;
      }
      const { method, url, headers } = incoming;
      const onward = request({ socketPath, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      incoming.pipe(onward);
    });
    const engine = new EventlessEngine(directory, server);
    server.on('connection', (socket) => {
      engine.sockets.add(socket);
      socket.on('close', () => engine.sockets.delete(socket));
    });
    server.listen(join(directory, 'docker.sock'));
    await once(server, 'listening');
    return engine;
  }

  get dockerHost(): string {
    return `unix://${join(this.directory, 'docker.sock')}`;
  }

  async end(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
