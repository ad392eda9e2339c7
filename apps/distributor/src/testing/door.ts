import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A door to a server that can be shut and opened: what a network does. While it is shut it hangs up on whoever knocks,
 * and keeps its port, which others would take.
 */
export class Door {
  private readonly sockets = new Set<Socket>();
  private isOpen = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** Shut at first, on a port of its own. */
  static async to(target: { host: string; port: number }): Promise<Door> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const door = new Door(server, address.port);
    server.on('connection', (inside) => {
      door.enter(inside, target);
    });
    return door;
  }

  open(): Promise<void> {
    this.isOpen = true;
    return Promise.resolve();
  }

  shut(): Promise<void> {
    this.isOpen = false;
    for (const socket of this.sockets) socket.destroy();
    return Promise.resolve();
  }

  /** Shut for good. */
  async remove(): Promise<void> {
    await this.shut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private enter(inside: Socket, target: { host: string; port: number }): void {
    inside.on('error', () => inside.destroy());
    if (!this.isOpen) {
      inside.destroy();
      return;
    }
    const outside = connect(target);
    for (const socket of [inside, outside]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.sockets.delete(socket));
    }
    inside.pipe(outside).pipe(inside);
  }
}
