import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { zeroBytes32 } from '#monitoring';
import type { Hex } from '#platform';

import { TestWorker } from '../../testing/test-worker.js';
import { assess, type Evidence, type Terms } from './assess.js';

const fromMs = BigInt(Date.UTC(2026, 10, 22, 12, 0));
const toMs = fromMs + 60_000n;
const challenge: Hex = `0x${'ab'.repeat(32)}`;

const termsFor = (worker: TestWorker, change: Partial<Terms> = {}): Terms => ({
  fromMs,
  toMs,
  workerAddress: worker.address,
  minUptimeBasisPoints: 9_500n,
  aggregation: 'mean',
  requiredServices: ['autogen_agent', 'redis_scb'],
  rateMicroUsdPerMinute: 10_000_000n,
  capability: 'agent-net',
  exclusive: true,
  ...change,
});

const evidenceOf = (signed: unknown, receivedAtMs = toMs + 5_000n): Evidence => ({
  kind: 'report',
  signed,
  challenge,
  receivedAtMs,
});

const judge = (worker: TestWorker, change: Partial<Terms> = {}, receivedAtMs?: bigint) =>
  assess(evidenceOf(worker.report({ fromMs, toMs, challenge }), receivedAtMs), termsFor(worker, change));

describe('an assessment', () => {
  it('pays the rate for a period in which everything was up', () => {
    const worker = new TestWorker();
    expect(judge(worker)).toEqual({
      decision: 'paid',
      reason: null,
      reasonText: 'Up 100.00 %, above 95 %.',
      uptime: { upMs: 120_000n, windowMs: 120_000n },
      amountMicroUsd: 10_000_000n,
      signer: worker.address,
      clockSkewMs: -5_000n,
      stack: [
        {
          kind: 'container',
          claimedId: `autogen_agent of ${worker.address}`,
          service: 'autogen_agent',
        },
        {
          kind: 'container',
          claimedId: `redis_scb of ${worker.address}`,
          service: 'redis_scb',
        },
        { kind: 'engine', claimedId: worker.engineId, service: null },
      ],
    });
  });

  it('does not pay at exactly the threshold, and pays one millisecond above it', () => {
    const worker = new TestWorker();
    worker.downMs = { autogen_agent: 6_000n };
    expect(judge(worker)).toMatchObject({ decision: 'unpaid', reason: 'below_threshold' });
    worker.downMs = { autogen_agent: 5_999n };
    expect(judge(worker).decision).toBe('paid');
  });

  it('names the services that were down and for how long', () => {
    const worker = new TestWorker();
    worker.downMs = { autogen_agent: 60_000n, redis_scb: 250n };
    expect(judge(worker).reasonText).toBe(
      'Up 49.79 %, not above 95 %: autogen_agent 60000 ms down; redis_scb 250 ms down.',
    );
  });

  it('names a required service that the report lacks, which has no up time', () => {
    const worker = new TestWorker();
    worker.services = ['autogen_agent', 'something_else'];
    expect(judge(worker)).toMatchObject({
      decision: 'unpaid',
      reason: 'missing_services',
      reasonText: 'Up 50.00 %, not above 95 %: the report lacks redis_scb.',
      uptime: { upMs: 60_000n, windowMs: 120_000n },
    });
  });

  it('counts services that nobody required for nothing', () => {
    const worker = new TestWorker();
    worker.services = ['autogen_agent', 'redis_scb', 'extra'];
    worker.downMs = { extra: 60_000n };
    expect(judge(worker).decision).toBe('paid');
  });

  it('pays nothing when no service is required', () => {
    expect(judge(new TestWorker(), { requiredServices: [] })).toMatchObject({ decision: 'unpaid' });
  });

  it('does not take the signature of another worker, and shows who signed', () => {
    const stranger = new TestWorker();
    const judgement = judge(stranger, { workerAddress: new TestWorker().address });
    expect(judgement).toMatchObject({ decision: 'unpaid', reason: 'wrong_worker', signer: stranger.address });
    expect(judgement.reasonText).toContain(stranger.address);
  });

  it('takes any sound signer for a record that has not met its worker', () => {
    expect(judge(new TestWorker(), { workerAddress: null }).decision).toBe('paid');
  });

  it.each([
    ['another window', { fromMs: fromMs - 60_000n, toMs: fromMs }, 'wrong_window'],
    ['a longer window', { fromMs: fromMs - 1n, toMs }, 'wrong_window'],
    ['another challenge', { challenge: zeroBytes32 }, 'stale_challenge'],
  ] as const)('does not take a report with %s', (_what, change, reason) => {
    const worker = new TestWorker();
    const signed = worker.report({ fromMs, toMs, challenge, ...change });
    expect(assess(evidenceOf(signed), termsFor(worker))).toMatchObject({ decision: 'unpaid', reason });
  });

  it('tolerates a clock that is thirty seconds off, not more, in either direction', () => {
    const worker = new TestWorker();
    expect(judge(worker, {}, toMs + 30_000n).decision).toBe('paid');
    expect(judge(worker, {}, toMs - 30_000n).decision).toBe('paid');
    expect(judge(worker, {}, toMs + 30_001n)).toMatchObject({ reason: 'clock_skew' });
    expect(judge(worker, {}, toMs - 30_001n)).toMatchObject({ reason: 'clock_skew' });
  });

  it('does not take a report that was changed after it was signed', () => {
    const worker = new TestWorker();
    worker.downMs = { autogen_agent: 60_000n };
    const text = JSON.stringify(worker.report({ fromMs, toMs, challenge }));
    const forged: unknown = JSON.parse(
      text
        .replace('"up_ms":0,', '"up_ms":60000,')
        .replace('"down_ms":60000', '"down_ms":0')
        .replace('"all_up_ms":0', '"all_up_ms":60000'),
    );
    expect(JSON.stringify(forged)).not.toBe(text);
    expect(assess(evidenceOf(forged), termsFor(worker))).toMatchObject({
      decision: 'unpaid',
      reason: 'bad_signature',
    });
  });

  it.each([null, 'up', 42, [], {}, { report: {}, signature: '0x' }])('takes %j for malformed', (signed) => {
    const judgement = assess(evidenceOf(signed), termsFor(new TestWorker()));
    expect(judgement).toMatchObject({ decision: 'unpaid', reason: 'malformed_report', amountMicroUsd: 0n });
  });

  it.each([
    ['101 %', '"up_ms":60000', '"up_ms":60600'],
    ['a string', '"up_ms":60000', '"up_ms":"60000"'],
    ['a null for NaN', '"up_ms":60000', '"up_ms":null'],
    ['a fraction', '"up_ms":60000', '"up_ms":59999.5'],
    ['no services', '"services":[', '"services":[],"unused":['],
  ])('takes %s for malformed', (_what, search, replacement) => {
    const worker = new TestWorker();
    const text = JSON.stringify(worker.report({ fromMs, toMs, challenge }));
    const signed: unknown = JSON.parse(text.replace(search, replacement));
    expect(assess(evidenceOf(signed), termsFor(worker))).toMatchObject({
      decision: 'unpaid',
      amountMicroUsd: 0n,
    });
  });

  it('pays nothing while the orchestrator is paused or silent', () => {
    const terms = termsFor(new TestWorker());
    expect(assess({ kind: 'paused' }, terms)).toMatchObject({
      reason: 'orchestrator_paused',
      amountMicroUsd: 0n,
    });
    expect(assess({ kind: 'none', detail: 'connection refused' }, terms)).toMatchObject({
      reason: 'no_evidence',
      reasonText: 'No report could be had in time: connection refused',
    });
  });

  it('never throws and never pays for JSON that no worker signed', () => {
    const terms = termsFor(new TestWorker());
    fc.assert(
      fc.property(fc.jsonValue(), (signed) => {
        expect(assess(evidenceOf(signed), terms)).toMatchObject({ decision: 'unpaid', amountMicroUsd: 0n });
      }),
    );
  });

  it('pays exactly what the milliseconds say, for any outage', () => {
    const worker = new TestWorker();
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 60_000n }), fc.bigInt({ min: 0n, max: 60_000n }), (a, b) => {
        worker.downMs = { autogen_agent: a, redis_scb: b };
        expect(judge(worker).decision).toBe(a + b < 6_000n ? 'paid' : 'unpaid');
      }),
      { numRuns: 40 },
    );
  });
});
