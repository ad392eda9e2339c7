import { createServer } from 'node:net';

export interface EchoServer {
  url: string;
  close(): Promise<void>;
}

/** Whatever it is asked, in whatever protocol, it refuses, and says again all that it was told: path, headers, body. */
export async function startEchoServer(): Promise<EchoServer> {
  const server = createServer((socket) => {
    let told = '';
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      told += chunk.toString('latin1');
      if (!told.includes('\r\n\r\n')) return;
      const message = told.replaceAll(/\s+/g, ' ');
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32_000, message } });
      const head = `HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
      socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
