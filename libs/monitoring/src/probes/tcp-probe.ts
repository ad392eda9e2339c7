import { once } from 'node:events';
import { connect } from 'node:net';

import type { Probe } from './probe.js';

export interface TcpSettings {
  type: 'tcp';
  host: string;
  port: number;
}

/** The port takes a connection; it says nothing of what stands behind it. */
export class TcpProbe implements Probe {
  constructor(private readonly settings: TcpSettings) {}

  async check(signal: AbortSignal): Promise<void> {
    const { host, port } = this.settings;
    const socket = connect({ host, port });
    try {
      await once(socket, 'connect', { signal });
    } finally {
      socket.on('error', () => undefined);
      socket.destroy();
    }
  }
}
