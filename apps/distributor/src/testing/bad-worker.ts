import { ReportSigner, signedReportToWire, type UptimeReport, zeroBytes32 } from '#monitoring';
import { type Hex, hex32Schema, isoTimeSchema } from '#platform';
import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { z } from 'zod';

export type Statement = Omit<UptimeReport, 'workerAddress' | 'version'>;

/** What a bad worker has to work with: the question, its key, and what an honest one would state. */
export interface Asked {
  honest: Statement;
  signer: ReportSigner;
  /** The JSON text of a signed report. */
  sign: (change?: Partial<Statement>, signer?: ReportSigner) => string;
}

export type Misbehaviour = (asked: Asked, response: ServerResponse) => void;

export interface BadWorker {
  url: string;
  address: string;
  close(): Promise<void>;
}

const query = z.object({
  from: isoTimeSchema.transform(BigInt),
  to: isoTimeSchema.transform(BigInt),
  challenge: hex32Schema,
});

/** Everything was up, in containers of this worker alone. */
function honestStatement(
  services: readonly string[],
  owner: string,
  { fromMs, toMs, challenge }: { fromMs: bigint; toMs: bigint; challenge: Hex },
): Statement {
  return {
    capability: 'agent-net',
    engineId: `engine of ${owner}`,
    fromMs,
    toMs,
    services: services.map((name) => ({
      name,
      containerIds: [`${name} of ${owner}`],
      upMs: toMs - fromMs,
      inferredUpMs: 0n,
      downMs: 0n,
      startingMs: 0n,
      unknownMs: 0n,
    })),
    allUpMs: toMs - fromMs,
    challenge,
    issuedAtMs: BigInt(Date.now()),
    previousMinuteHash: zeroBytes32,
    minuteHash: zeroBytes32,
  };
}

/** A real HTTP server that answers `GET /reports` as badly as it is told. */
export async function startBadWorker(
  services: readonly string[],
  misbehave: Misbehaviour,
): Promise<BadWorker> {
  const own = ReportSigner.fromPrivateKey(randomBytes(32).toString('hex'));
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://worker');
    const { from, to, challenge } = query.parse(Object.fromEntries(searchParams));
    const honest = honestStatement(services, own.address, { fromMs: from, toMs: to, challenge });
    const sign = (change: Partial<Statement> = {}, signer = own): string =>
      JSON.stringify(signedReportToWire(signer.sign({ ...honest, ...change })));
    misbehave({ honest, signer: own, sign }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    url: `http://127.0.0.1:${address.port}`,
    address: own.address,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
