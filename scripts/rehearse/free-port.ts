import { createServer } from 'node:net';
import { z } from 'zod';

const addressSchema = z.object({ port: z.number() });

/** A port on loopback that nobody uses now: a program that is replaced must answer at the same one again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = addressSchema.parse(server.address());
  await new Promise((done) => server.close(done));
  return port;
}
