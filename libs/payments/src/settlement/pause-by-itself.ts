import type { EntityManager } from 'typeorm';

import type { AuditLog } from '../audit/audit-log.js';
import { lockControl, setPause } from '../payouts/settlement-control.js';

/** Who pauses when the chain shows what the books do not know. */
export const settlementActor = 'settlement';

/** Pauses as a person would, for a person to look. One that is in force stays as it is. True when it paused now. */
export async function pauseByItself(tx: EntityManager, audit: AuditLog, reason: string): Promise<boolean> {
  if ((await lockControl(tx)) !== null) return false;
  const pause = { reason, actor: settlementActor };
  await setPause(tx, pause);
  await audit.record(tx, {
    ...{ actor: settlementActor, action: 'settlement paused', subject: 'settlement' },
    after: pause,
  });
  return true;
}
