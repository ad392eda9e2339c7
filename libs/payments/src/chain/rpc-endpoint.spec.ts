import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { z } from 'zod';

import { RpcEndpoint } from './rpc-endpoint.js';
import { RpcRefusal, RpcSilence } from './rpc-error.js';

let server: Server | undefined;

async function answering(status: number, body: string | null): Promise<RpcEndpoint> {
  server = createServer((incoming, response) => {
    incoming.resume();
    if (body !== null) response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  const listening = server;
  await new Promise<void>((done) => {
    listening.listen(0, '127.0.0.1', done);
  });
  const address = z.object({ port: z.number() }).parse(server.address());
  return new RpcEndpoint(`http://127.0.0.1:${address.port}/secret-key`, 200);
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const ask = (node: RpcEndpoint) => node.call('eth_chainId', [], z.string().regex(/^0x/));
const failure = (node: RpcEndpoint) => ask(node).catch((error: unknown) => error);

describe('an RPC endpoint', () => {
  it('gives the parsed answer', async () => {
    expect(await ask(await answering(200, '{"jsonrpc":"2.0","id":1,"result":"0x1"}'))).toBe('0x1');
  });

  it.each([
    '{"error":{"code":-32000,"message":"nonce too low"}}',
    '{"error":{"code":-32000,"message":"nonce too low","data":"0x"}}',
  ])('tells a refusal from silence: %s', async (body) => {
    const error = await failure(await answering(200, body));
    expect(error).toBeInstanceOf(RpcRefusal);
    expect(error).toMatchObject({ code: -32_000, reason: 'nonce too low' });
  });

  it.each([
    ['no answer in time', 200, null],
    ['a rate limit', 429, '{"result":"0x1"}'],
    ['a broken gateway', 502, '<html>'],
    ['something that is not JSON', 200, 'hello'],
    ['something that is not JSON-RPC', 200, '{"jsonrpc":"2.0","id":1}'],
    ['a result of another shape', 200, '{"result":17}'],
  ])('takes %s for silence', async (_, status, body) => {
    expect(await failure(await answering(status, body))).toBeInstanceOf(RpcSilence);
  });

  it('never tells the address of the node, which may hold a key', async () => {
    const node = await answering(502, '');
    expect(String(await failure(node))).not.toContain('secret-key');
    expect(String(await failure(new RpcEndpoint('http://127.0.0.1:1/secret-key', 200)))).not.toContain(
      'secret-key',
    );
  });
});
