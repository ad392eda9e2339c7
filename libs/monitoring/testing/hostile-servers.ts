import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A TCP server of a test, on a free port. */
export class TcpDouble {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param onConnection what it does with each connection; nothing at all is a server that hangs */
  static async start(onConnection: (socket: Socket) => void = () => undefined): Promise<TcpDouble> {
    const server = createServer();
    const double = new TcpDouble(server);
    server.on('connection', (socket) => {
      double.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => double.sockets.delete(socket));
      onConnection(socket);
      // Whoever does not read does not notice the end.
      socket.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return double;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Says the same to whatever it hears. */
export const parrot = (reply: string) =>
  TcpDouble.start((socket) => {
    socket.on('data', () => socket.write(reply));
  });

/** A port on which nobody listens. */
export async function refusingPort(): Promise<number> {
  const server = await TcpDouble.start();
  const { port } = server;
  await server.stop();
  return port;
}
