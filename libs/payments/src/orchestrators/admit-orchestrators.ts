import type { AuditLog } from '../audit/audit-log.js';
import type { Sql } from '../books/sql-rows.js';
import { insertOrchestrators, type Insertion } from './insert-orchestrators.js';
import type { Orchestrator } from './orchestrator.js';
import type { OrchestratorRecord } from './orchestrator-record.js';
import { findOrchestrators } from './orchestrator-rows.js';

/**
 * The one way in, for one payee or ten thousand: stored, and each with an audit entry of its own, because the log is asked
 * by payee and its history begins there. In the order given.
 */
export async function admitOrchestrators(
  tx: Sql,
  records: readonly OrchestratorRecord[],
  insertion: Insertion,
  audit: AuditLog,
): Promise<Orchestrator[]> {
  const ids = await insertOrchestrators(tx, records, insertion);
  const stored = await findOrchestrators(tx, ids);
  const admitted = ids.map((id) => {
    const orchestrator = stored.get(id);
    if (!orchestrator) throw new Error(`the orchestrator ${id} was not stored`);
    return orchestrator;
  });
  await audit.recordAll(
    tx,
    admitted.map((orchestrator) => ({
      actor: insertion.actor,
      action: 'orchestrator created',
      subject: `orchestrator/${orchestrator.id}`,
      after: orchestrator,
    })),
  );
  return admitted;
}
