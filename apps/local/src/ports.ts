import { createServer } from 'node:net';

import { errorCode, PortInUseError } from '#platform';
import { type LocalOptions, portVariables } from './options.js';

async function reserve(port: number, variable: string): Promise<number> {
  const server = createServer();
  try {
    await new Promise<void>((done, fail) => {
      server.once('error', fail).listen(port, '0.0.0.0', done);
    });
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE' || errorCode(error) === 'EACCES')
      throw new PortInUseError(port, variable);
    throw error;
  }
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address ? address.port : port;
}

/**
 * The ports of the parts: the given ones, checked to be free before anything starts, and free ones for 0.
 * @throws PortInUseError naming the port and the variable that changes it
 */
export async function choosePorts(wished: LocalOptions['ports']): Promise<LocalOptions['ports']> {
  const choose = (part: keyof LocalOptions['ports']) => reserve(wished[part], portVariables[part]);
  return {
    worker: await choose('worker'),
    distributor: await choose('distributor'),
    gateway: await choose('gateway'),
    orchestrator: await choose('orchestrator'),
    rpc: await choose('rpc'),
  };
}
