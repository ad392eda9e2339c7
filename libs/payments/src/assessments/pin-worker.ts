import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import type { AuditLog } from '../audit/audit-log.js';
import { lockBook } from '../books/books.js';
import { WorkerAddressTakenError } from '../books/errors.js';
import { selectRow, sqlTime } from '../books/sql-rows.js';
import { addFact, newestFacts, requireFreeWorker } from '../orchestrators/orchestrator-facts.js';
import { type Decision, type HouseRules, judgeAgain, refuse } from './decision.js';

/**
 * A record made from the environment does not name its worker: the first signer of a sound report is pinned, from the
 * beginning of the record on. Two processes that meet different first signers agree on the one that commits first.
 */
export async function pinWorker(
  tx: EntityManager,
  decision: Decision,
  audit: AuditLog,
  rules: HouseRules,
): Promise<Decision> {
  const { due, judgement } = decision;
  const { signer } = judgement;
  if (due.worker_address !== null || signer === null || judgement.uptime === null) return decision;
  await lockBook(tx);
  const pinned = (await newestFacts(tx, due.orchestrator_id)).get('worker_address');
  if (pinned) {
    return pinned.value === signer
      ? decision
      : { ...decision, judgement: judgeAgain(decision, rules, pinned.value) };
  }
  try {
    if (rules.exclusive) await requireFreeWorker(tx, signer, due.orchestrator_id);
  } catch (error) {
    if (!(error instanceof WorkerAddressTakenError)) throw error;
    return asSharedWorker(decision, error.orchestratorId);
  }
  const record = await selectRow(
    tx,
    z.object({ created_at: sqlTime }),
    'select created_at from payments.orchestrator where id = $1',
    [due.orchestrator_id],
  );
  if (!record) throw new Error('an assessed orchestrator has a record');
  const actor = 'assessor';
  await addFact(tx, due.orchestrator_id, {
    fact: 'worker_address',
    value: signer,
    from: record.created_at,
    actor,
  });
  await audit.record(tx, {
    actor,
    action: 'worker pinned',
    subject: `orchestrator/${due.orchestrator_id}`,
    before: { worker_address: null },
    after: { worker_address: signer, period_start: due.period_start.toISOString() },
  });
  return decision;
}

/** One worker earns once per period. */
export const asSharedWorker = (decision: Decision, otherId: string | null): Decision =>
  refuse(
    decision,
    'shared_worker',
    `The worker ${decision.judgement.signer ?? ''} ` +
      (otherId === null
        ? 'has been paid for this period as another orchestrator.'
        : `belongs to the orchestrator ${otherId}.`),
  );
