import { ReportSigner, signedReportToWire, zeroBytes32 } from '#monitoring';
import { type Hex, hex32Schema, isoTimeSchema } from '#platform';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { z } from 'zod';

const query = z.object({
  from: isoTimeSchema.transform(BigInt),
  to: isoTimeSchema.transform(BigInt),
  challenge: hex32Schema,
});

export interface SigningWorker {
  url: string;
  address: string;
  /** Services named here were down all the time, from the next report on. */
  readonly down: Set<string>;
  close(): Promise<void>;
}

/** Answers `GET /reports` as a worker does that watched everything: signed, for exactly the window asked for. */
export async function startSigningWorker(services: readonly string[]): Promise<SigningWorker> {
  const signer = ReportSigner.fromPrivateKey(randomBytes(32).toString('hex'));
  const down = new Set<string>();

  const report = (fromMs: bigint, toMs: bigint, challenge: Hex) => {
    const windowMs = toMs - fromMs;
    const upMs = (name: string) => (down.has(name) ? 0n : windowMs);
    return signer.sign({
      capability: 'agent-net',
      engineId: `engine of ${signer.address}`,
      fromMs,
      toMs,
      services: services.map((name) => ({
        name,
        containerIds: [`${name} of ${signer.address}`],
        upMs: upMs(name),
        inferredUpMs: 0n,
        downMs: windowMs - upMs(name),
        startingMs: 0n,
        unknownMs: 0n,
      })),
      allUpMs: down.size > 0 ? 0n : windowMs,
      challenge,
      issuedAtMs: BigInt(Date.now()),
      previousMinuteHash: zeroBytes32,
      minuteHash: zeroBytes32,
    });
  };

  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://worker');
    const { from, to, challenge } = query.parse(Object.fromEntries(searchParams));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(signedReportToWire(report(from, to, challenge))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    url: `http://127.0.0.1:${address.port}`,
    address: signer.address,
    down,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
