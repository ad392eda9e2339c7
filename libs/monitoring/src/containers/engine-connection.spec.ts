import { once } from 'node:events';
import { createServer } from 'node:http';

import { expect, it } from '@jest/globals';

import { parseDockerHost } from './docker-host.js';
import { EngineConnection } from './engine-connection.js';

it('an Engine behind an address is asked as one behind a socket, as the proxy of the deployment is', async () => {
  const server = createServer((request, response) => response.end(JSON.stringify({ asked: request.url })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const connection = new EngineConnection(parseDockerHost(`tcp://127.0.0.1:${port}`));
    expect(await connection.getJson('/version', AbortSignal.timeout(10_000))).toEqual({ asked: '/version' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
