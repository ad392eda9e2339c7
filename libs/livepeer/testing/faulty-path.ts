import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/**
 * `clear`: bytes pass. `resets`: every connection ends at once. `loses-requests`: nothing reaches the worker.
 * `loses-answers`: the worker does the job, and nobody hears of it.
 */
export type PathFault = 'clear' | 'resets' | 'loses-requests' | 'loses-answers';

/**
 * The network between an orchestrator and a worker. Its address is known before the worker's is, so that a worker can
 * register it; what goes wrong on it is told while it runs.
 */
export class FaultyPath {
  private readonly sockets = new Set<Socket>();
  private targetPort: number | undefined;
  private current: PathFault = 'clear';

  private constructor(
    private readonly server: Server,
    /** `http://host:port`, for `CAPABILITY_URL`. */
    readonly url: string,
  ) {
    server.on('connection', (socket) => {
      this.relay(socket);
    });
  }

  static async open(): Promise<FaultyPath> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the path has no TCP port');
    return new FaultyPath(server, `http://127.0.0.1:${String(address.port)}`);
  }

  /** From now on; connections that exist stay with the worker that they lead to. */
  leadTo(port: number): void {
    this.targetPort = port;
  }

  get fault(): PathFault {
    return this.current;
  }

  set fault(fault: PathFault) {
    this.current = fault;
    // What was lost on a connection is not made good on it.
    if (fault === 'resets' || fault === 'clear') this.cut();
  }

  /** Ends every connection, as a restarting router does. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  private relay(outer: Socket): void {
    if (this.targetPort === undefined || this.current === 'resets') {
      outer.destroy();
      return;
    }
    const inner = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    outer.setNoDelay(true);
    this.pass(outer, inner, 'loses-requests');
    this.pass(inner, outer, 'loses-answers');
  }

  private pass(from: Socket, to: Socket, loss: PathFault): void {
    this.sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (this.current !== loss && !to.write(chunk)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
