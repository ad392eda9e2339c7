import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { onReadOnlyBooks, verifyBooks } from '#payments';
import { createTestDatabase } from '#platform/testing';
import fc from 'fast-check';
import { z } from 'zod';
import { type ContractRig, startContractRig } from '../testing/contract/contract-rig.js';
import { isForPayee, isStream } from '../testing/contract/routes.js';
import { arbitraryRequest, type FuzzRequest, withIds } from '../testing/fuzz/arbitrary-request.js';

/** Fixed, so that a fault found once is found again; `FUZZ_REQUESTS=100000 FUZZ_SEED=7` looks further. */
const seed = Number(process.env.FUZZ_SEED ?? 20_261_122);
const requests = Number(process.env.FUZZ_REQUESTS ?? 3_000);
/** No answer may take longer; the slowest of three thousand takes a tenth of it. */
const patienceMs = 10_000;

const identified = z.object({ id: z.uuid() });
const balance = z.record(z.string(), z.string());
const micro = (usd: string | undefined) => BigInt((usd ?? '').replace('.', ''));

describe('any request at all', () => {
  let rig: ContractRig;
  let databaseUrl: string;
  const ids: string[] = [];

  beforeAll(async () => {
    const database = await createTestDatabase();
    databaseUrl = database.url;
    rig = await startContractRig(database);
    for (const list of ['orchestrators', 'payments', 'assessments?limit=5', 'adjustments']) {
      ids.push(...(await rig.itemsOf(list)).map((item) => identified.parse(item).id));
    }
  });

  afterAll(async () => {
    await rig.close();
  });

  async function send({ operation, path, query, headers, body, contentType }: FuzzRequest) {
    const place = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
      encodeURIComponent(Buffer.from(withIds(path[name] ?? '', ids)).toString()),
    );
    const questions = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, withIds(value ?? '', ids)]),
    );
    const answer = await fetch(`${rig.distributor.url}${place}?${questions.toString()}`, {
      method: operation.method,
      headers: {
        ...headers,
        authorization: `Bearer ${isForPayee(operation) ? rig.payee : rig.token}`,
        ...(contentType !== undefined && { 'content-type': contentType }),
      },
      ...(body !== undefined && { body: withIds(body, ids) }),
      signal: AbortSignal.timeout(patienceMs),
      redirect: 'manual',
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json');
    const parsed: unknown = isJson ? JSON.parse(text) : text;
    return { status: answer.status, headers: answer.headers, body: parsed };
  }

  it('is answered as documented, soon, and never with a failure of the server', async () => {
    const operations = rig.operations.filter((operation) => !isStream(operation));
    await fc.assert(
      fc.asyncProperty(arbitraryRequest(rig.document, operations), async (request) => {
        const { operation } = request;
        const answer = await send(request);
        const isTruthful = answer.status === 503 && operation.path.startsWith('/health');
        if (answer.status >= 500 && !isTruthful) {
          throw new Error(`${operation.name}: ${answer.status}\n${rig.distributor.log.slice(-3).join('')}`);
        }
        // A path that is none of ours any more: a part of it is empty, a dot, or longer than any route takes (414).
        const isElsewhere = Object.values(request.path).some(
          (part) => /^\.{0,2}$/.test(part) || part.length > 256,
        );
        if (!isElsewhere) expect(rig.schemas.faultsOf(operation, answer)).toEqual([]);
      }),
      { seed, numRuns: requests, endOnFailure: true },
    );
  }, 900_000);

  it('leaves the books as they must be', async () => {
    const { checks } = await onReadOnlyBooks(databaseUrl, (sql) => verifyBooks(sql));
    expect(checks.flatMap(({ findings }) => findings)).toEqual([]);
    expect(checks.length).toBeGreaterThan(5);
    for (const item of await rig.walk('balances', 200)) {
      const of = balance.parse(item);
      expect(micro(of.accrued_usd) + micro(of.adjusted_usd)).toBe(
        micro(of.payable_usd) + micro(of.in_settlement_usd) + micro(of.paid_usd),
      );
    }
    const { status } = await rig.distributor.ask('/health/ready');
    expect(status).toBe(200);
  });
});
