import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Writable } from 'node:stream';
import { z } from 'zod';

import { createLogger } from '#platform';

import { ledgerChannel } from '../payouts/payment-channel.js';
import { PayoutReservation } from '../payouts/reserve-payouts.js';
import { AssessorRig, at } from './testing/assessor-rig.js';

const payees = 220;

const lineSchema = z.looseObject({ message: z.string() });
const pairSchema = z.object({ assessmentId: z.uuid(), payoutId: z.uuid() });
const manySchema = z.looseObject({
  periods: z.int(),
  amountUsd: z.string(),
  assessments: z.array(pairSchema),
});

let rig: AssessorRig;
const lines: string[] = [];

beforeEach(async () => {
  lines.length = 0;
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().split('\n').filter(Boolean));
      done();
    },
  });
  rig = await AssessorRig.open();
  Logger.overrideLogger(createLogger({ format: 'json', destination }));
});
afterEach(async () => {
  Logger.overrideLogger(false);
  await rig.close();
});

const messages = (message: string) =>
  lines.map((line) => lineSchema.parse(JSON.parse(line))).filter((line) => line.message === message);

/** Decisions pile up behind a lock, so that far more than a hundred are written at once. */
async function assessTogether(moment: Date): Promise<string[]> {
  const lock = rig.books.owner.createQueryRunner();
  await lock.startTransaction();
  await lock.query('lock table payments.assessment in exclusive mode');
  for (const worker of Object.values(rig.workers)) worker.requests.length = 0;
  const assessed = rig.assessAt(moment);
  const asked = () => Object.values(rig.workers).filter(({ requests }) => requests.length > 0).length;
  while (asked() < payees) await new Promise(setImmediate);
  await lock.rollbackTransaction();
  await lock.release();
  return (await assessed).map(({ id }) => id);
}

/** As another process does it. */
function reserve() {
  const { ledger, books, alerts, audit } = rig.services;
  const options = { method: 'ledger' as const, settleIntervalSeconds: 0, minPayoutMicroUsd: 1n };
  return new PayoutReservation(rig.books.database, ledger, books, alerts, audit, options).reserve(
    ledgerChannel,
  );
}

describe('the log of many paid periods', () => {
  it('leads from each payout to its assessments and back, in lines that nobody cuts', async () => {
    for (let payee = 0; payee < payees; payee += 1) await rig.create(`payee-${payee}`);
    // Two periods leave with the first payouts, one with the second ones.
    for (const minutes of [[1, 2], [3]]) {
      lines.length = 0;
      const assessed: string[] = [];
      for (const minute of minutes) assessed.push(...(await assessTogether(at(minute))));
      expect(assessed).toHaveLength(payees * minutes.length);

      const many = messages('periods assessed').map((line) => manySchema.parse(line));
      const single = messages('period assessed').map((line) => pairSchema.parse(line));
      expect(many.length).toBeGreaterThan(1);
      for (const { periods, amountUsd, assessments } of many) {
        expect(assessments).toHaveLength(periods);
        expect(periods).toBeLessThanOrEqual(100);
        expect(amountUsd).toBe(`${periods * 10}.000000`);
      }
      expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(16 * 1_024);
      const pairs = [...single, ...many.flatMap(({ assessments }) => assessments)];
      expect(pairs.map(({ assessmentId }) => assessmentId).sort()).toEqual([...assessed].sort());

      const { payouts } = await reserve();
      expect(messages('payout reserved').map(({ payoutId }) => payoutId)).toEqual(
        payouts.map(({ id }) => id),
      );
      const payoutOf = new Map(payouts.map(({ id, orchestratorId }) => [orchestratorId, id]));
      expect(payoutOf.size).toBe(payees);
      const ofOrchestrators = await rig.books.owner.query<{ id: string; orchestrator_id: string }[]>(
        'select id, orchestrator_id from payments.assessment',
      );
      const ownerOf = new Map(ofOrchestrators.map((row) => [row.id, row.orchestrator_id]));
      for (const { assessmentId, payoutId } of pairs)
        expect(payoutId).toBe(payoutOf.get(ownerOf.get(assessmentId) ?? ''));
    }
  });
});
