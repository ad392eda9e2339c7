import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';

import { Adjustments } from '../src/adjustments/adjustments.js';
import type { EvidenceSource } from '../src/assessments/evidence-source.js';
import { selectRows } from '../src/books/sql-rows.js';
import { EvidenceJobs } from '../src/evidence-jobs/evidence-jobs.js';
import { RequestKeys } from '../src/idempotency/request-keys.js';
import { assembleSettlement } from '../src/settlement/assemble.js';
import { bookServices, type TestBooks } from './test-books.js';
import { bySource, TestWorker } from './test-worker.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const MS_PER_MINUTE = 60_000;

/** A worker whose clock is that of the books. */
function workerOf(now: () => Date): TestWorker {
  const worker = new TestWorker();
  worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(now().getTime()) });
  return worker;
}

/**
 * Some minutes of ordinary life, after which every table that is sealed has rows: payees paid by their own and by the
 * default rate, pinned, refused, silent and paused, one that signs two reports and one that names the Engine of another;
 * two replicas at work; adjustments up and down; payouts paid, returned and waiting.
 */
export async function fillBooks(books: TestBooks): Promise<void> {
  let now = new Date(noon - 30_000);
  const setClock = async (minutes: number): Promise<void> => {
    now = new Date(noon + minutes * MS_PER_MINUTE + 100);
    await books.setClock(now);
  };
  await books.setClock(now);
  const options = {
    evidenceGraceSeconds: 0,
    payoutAddressDelaySeconds: 0,
    secondQuestionBasisPoints: 10_000,
    capability: 'agent-net',
  };
  const services = bookServices(books.database, options);
  const replica = bookServices(await books.anotherReplica(), options);
  const assess = (source: EvidenceSource): Promise<unknown> =>
    Promise.all([services.assessor.assessDue(source), replica.assessor.assessDue(source)]);
  await services.books.open();
  await new RequestKeys(books.database).once(
    { key: 'filled', actor: 'admin', route: 'POST /policies', content: null },
    z.object({}),
    () => Promise.resolve({}),
  );

  const names = [
    'own-terms',
    'steady',
    'failing',
    'foreign',
    'silent',
    'paused',
    'copycat',
    'liar',
    'other',
  ] as const;
  const workers = Object.fromEntries(names.map((name) => [name, workerOf(() => now)]));
  const uri = (name: string): string => `https://${name}:9995`;
  const ids: Record<string, string> = {};
  for (const name of names) {
    const { id } = await services.orchestrators.create(
      {
        name,
        serviceUri: uri(name),
        workerUrl: `http://${name}:9876`,
        workerAddress: workers[name]!.address,
        payoutAddress: `0x${randomBytes(20).toString('hex')}`,
        ...(name === 'own-terms' && { rateMicroUsdPerMinute: 7_000_001n, minUptimeBasisPoints: 9_000n }),
      },
      'admin',
    );
    ids[name] = id;
  }
  await services.orchestrators.ensureFromEnvironment([
    { serviceUri: uri('pinned'), workerUrl: 'http://pinned:9876' },
  ]);
  await services.orchestrators.change(ids.paused!, { status: 'paused' }, 'admin');
  workers.failing!.downMs = { redis_scb: 60_000n };
  workers.copycat!.engineId = workers.steady!.engineId;
  workers.liar!.answer = () => {
    workers.liar!.downMs = { redis_scb: (workers.liar!.downMs.redis_scb ?? 0n) + 1n };
    return undefined;
  };
  const { change } = workers.other!;
  workers.other!.change = (statement) => ({ ...change(statement), capability: 'other' });
  // Its reports are signed by a key that nobody named.
  const foreign = workerOf(() => now);
  const pinned = workerOf(() => now);
  const source = bySource({
    ...Object.fromEntries(
      (['own-terms', 'steady', 'failing', 'copycat', 'liar', 'other'] as const).map((name) => [
        uri(name),
        workers[name]!,
      ]),
    ),
    [uri('foreign')]: foreign,
    [uri('pinned')]: pinned,
  });

  await setClock(2);
  await assess(source);
  await services.rates.setDefault({ microUsdPerMinute: 3_333_333n }, 'admin');
  await services.policies.setDefault({ minUptimeBasisPoints: 9_900n }, 'admin');
  await setClock(4);
  await assess(source);

  const adjustments = new Adjustments(books.database, services.ledger, services.books, services.audit);
  for (const amountMicroUsd of [5_000_000n, -1_000_000n]) {
    await adjustments.post(
      { orchestratorId: ids.steady!, amountMicroUsd, reason: 'an hour was lost' },
      'admin',
    );
  }
  const { payouts } = assembleSettlement(
    { database: books.database, ...services },
    { method: 'ledger', settleIntervalSeconds: 0, minPayoutMicroUsd: 1n },
  );
  const { payouts: made } = await payouts.runNow();
  await setClock(5);
  await payouts.markPaid(made[0]!.id, 'bank transfer 1', 'admin');
  await payouts.cancel(made[1]!.id, 'admin');
  await addChainRows(books, made[2]!.id);
  const jobs = new EvidenceJobs(books.database);
  jobs.record({
    orchestratorId: ids.steady!,
    periodStart: new Date(noon),
    jobId: randomUUID(),
    challenge: `0x${'ab'.repeat(32)}`,
    sentAt: now,
    latencyMs: 12,
    outcome: 'unknown',
    status: 200,
    doneBy: null,
    detail: 'the gateway answered 200 without naming an orchestrator',
  });
  await jobs.written();
  await fillRest(books);
}

/** As a settlement on a chain leaves them. */
async function addChainRows({ owner }: TestBooks, payoutId: string): Promise<void> {
  const address = `0x${'a'.repeat(40)}`;
  await owner.query(`insert into payments.lane (chain_id, address, next_nonce) values (1, $1, 1)`, [address]);
  await owner.query(
    `with settlement as (
       insert into payments.settlement (chain_id, from_address, nonce, tx_to, tx_data) values (1, $1, 0, $1, '0x') returning id),
     attempt as (
       insert into payments.attempt (settlement_id, seq, kind, raw_tx, tx_hash, max_fee_wei, priority_fee_wei, gas_limit)
         select id, 0, 'pay', '0x02', '0x01', 1, 1, 21000 from settlement)
     insert into payments.settlement_item (settlement_id, payout_id, position, valid_before, outcome)
       select id, $2, 0, 1, 'unused' from settlement`,
    [address, payoutId],
  );
  await owner.query(
    `insert into payments.chain_authorization (chain_id, token_address, treasury_address, nonce, kind, tx_hash, block_number,
         block_time, to_address, amount)
       values (1, $1, $1, '0x01', 'used', '0x02', 7, payments.clock(), $1, 1),
              (1, $1, $1, '0x03', 'used', '0x04', 8, payments.clock(), $1, 1)`,
    [address],
  );
  // The second one stood in a block that left the chain.
  await owner.query(
    `insert into payments.lost_authorization (chain_id, token_address, treasury_address, nonce, generation)
       values (1, $1, $1, '0x03', 1)`,
    [address],
  );
  await owner.query(
    `insert into payments.foreign_payment (chain_id, token_address, treasury_address, tx_hash, log_index, to_address,
         amount_micro_usd, actor, reason)
       values (1, $1, $1, '0x05', 0, $1, 1, 'admin', 'paid by hand before these books were kept')`,
    [address],
  );
  await owner.query(
    `insert into payments.gas_reading (chain_id, address, block_number, nonce, balance_wei, spent_wei, funded_wei)
       values (1, $1, 7, 0, 1000, 0, 1000)`,
    [address],
  );
  await owner.query(
    `insert into payments.reconciliation_run (cause, actor, ok, checked_at_block, accounts, differences)
       values ('hourly', 'settlement', true, 7, '[]', '[]')`,
  );
}

/** What these minutes did not bring: the later evidence of a period, and claims of stacks. */
async function fillRest({ owner }: TestBooks): Promise<void> {
  const empty = await selectRows(
    owner,
    z.object({ name: z.string() }),
    `select t.name from (values ('late_evidence', exists (select 1 from payments.late_evidence)),
                                ('second_evidence', exists (select 1 from payments.second_evidence)),
                                ('stack_claim', exists (select 1 from payments.stack_claim))) t (name, filled)
      where not t.filled`,
  );
  const insert: Record<string, string> = {
    late_evidence: `insert into payments.late_evidence (assessment_id, origin, challenge, received_at, latency_ms, report,
        reason_text, amount_micro_usd)
      select assessment_id, 'late', challenge, received_at, latency_ms, report, 'late', 1 from payments.evidence limit 1`,
    second_evidence: `insert into payments.second_evidence (assessment_id, challenge, received_at, latency_ms, report)
      select assessment_id, challenge, received_at, latency_ms, report from payments.evidence limit 1`,
    stack_claim: `insert into payments.stack_claim (kind, claimed_id, generation, orchestrator_id, claimed_from)
      select 'engine', 'ENGINE', 1, id, payments.clock() from payments.orchestrator limit 1`,
  };
  for (const { name } of empty) await owner.query(insert[name]!);
  await owner.query(
    `insert into payments.request_key (actor, key, route, content_hash, answer)
       values ('admin', 'once', 'POST /orchestrators', sha256('{}'), '{}')`,
  );
}
