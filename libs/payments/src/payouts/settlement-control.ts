import { z } from 'zod';

import { type Sql, selectRow, sqlTime } from '../books/sql-rows.js';

export interface PauseState {
  reason: string;
  actor: string;
  since: Date;
}

const controlRow = z.object({
  paused: z.boolean(),
  reason: z.string().nullable(),
  actor: z.string().nullable(),
  changed_at: sqlTime,
});

const read = async (sql: Sql, lock: string): Promise<PauseState | null> => {
  const row = await selectRow(
    sql,
    controlRow,
    `select paused, reason, actor, changed_at from payments.settlement_control ${lock}`,
  );
  if (!row) throw new Error('payments.settlement_control is empty');
  return row.paused ? { reason: row.reason ?? '', actor: row.actor ?? '', since: row.changed_at } : null;
};

/** The pause in force, or null. */
export const readPause = (sql: Sql): Promise<PauseState | null> => read(sql, '');

/**
 * Holds the emergency stop until the transaction ends, and makes those who reserve or sign wait for each other. A pause
 * that has returned is seen by every signature after it.
 */
export const lockControl = (tx: Sql): Promise<PauseState | null> => read(tx, 'for update');

export async function setPause(tx: Sql, pause: { reason: string; actor: string } | null): Promise<void> {
  await tx.query(
    `update payments.settlement_control set paused = $1, reason = $2, actor = $3, changed_at = payments.clock()`,
    [pause !== null, pause?.reason ?? null, pause?.actor ?? null],
  );
}
