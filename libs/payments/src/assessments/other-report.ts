import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRows, sqlTime } from '../books/sql-rows.js';
import { assess, type Exchange } from './assess.js';
import { type Decision, type HouseRules, termsOf } from './decision.js';
import { insertLateEvidence } from './late-evidence-rows.js';
import { decompressReport } from './stored-report.js';

const storedRow = z.object({
  assessment_id: z.uuid(),
  challenge: z.instanceof(Buffer),
  received_at: sqlTime,
  latency_ms: z.int(),
  report: z.instanceof(Buffer),
});

const toExchange = (row: z.output<typeof storedRow>): Exchange => ({
  kind: 'report',
  signed: decompressReport(row.report),
  challenge: `0x${row.challenge.toString('hex')}`,
  receivedAtMs: BigInt(row.received_at.getTime()),
  latencyMs: row.latency_ms,
});

/**
 * Reports of this process about periods that another one has decided meanwhile by its own: two answers to two questions.
 * Those that contradict what was decided by are kept beside it; the decision stays. Returns them as equivocations.
 */
export async function keepOtherReports(
  tx: EntityManager,
  lost: readonly Decision[],
  rules: HouseRules,
): Promise<Decision[]> {
  const reported = lost.filter(({ evidence }) => evidence.kind === 'report');
  if (reported.length === 0) return [];
  const rows = await selectRows(
    tx,
    storedRow,
    `select assessment_id, challenge, received_at, latency_ms, report from payments.evidence
      where assessment_id = any ($1::uuid[])`,
    [reported.map(({ due }) => due.id)],
  );
  const stored = new Map(rows.map((row) => [row.assessment_id, toExchange(row)]));
  const contradicting = reported.flatMap((decision): Decision[] => {
    const first = stored.get(decision.due.id);
    if (!first || decision.evidence.kind !== 'report') return [];
    const judgement = assess({ ...first, second: decision.evidence.first }, termsOf(decision.due, rules));
    return judgement.reason === 'equivocation' ? [{ ...decision, judgement }] : [];
  });
  await insertLateEvidence(
    tx,
    contradicting.flatMap(({ due, evidence, judgement }) =>
      evidence.kind === 'report' ? [{ assessmentId: due.id, exchange: evidence.first, judgement }] : [],
    ),
    'other_replica',
  );
  return contradicting;
}
