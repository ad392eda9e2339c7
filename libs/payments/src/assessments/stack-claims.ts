import { createHash } from 'node:crypto';

import { z } from 'zod';

import { type Sql, selectRows, sqlTime } from '../books/sql-rows.js';
import { type Decision, refuse } from './decision.js';
import { describePart, type StackPart } from './stack.js';
import { type StackClaim, standing } from './stack-owner.js';

/** Payees whose last stack is remembered. */
const MOST_REMEMBERED = 20_000;
/** Another process may claim the same between our look and our write; then there is an owner to be seen. */
const MOST_LOOKS = 3;

const claimRow = z.object({
  kind: z.enum(['container', 'engine']),
  claimed_id: z.string(),
  generation: z.int(),
  orchestrator_id: z.uuid(),
  claimed_from: sqlTime,
  archived_at: sqlTime.nullable(),
});

interface NewClaim {
  part: StackPart;
  orchestratorId: string;
  claimedFrom: Date;
  generation: number;
}

const keyOf = ({ kind, claimedId }: Pick<StackPart, 'kind' | 'claimedId'>): string => `${kind} ${claimedId}`;

/** By the key of a part. */
type Claims = Map<string, StackClaim[]>;

/**
 * A container or an Engine earns for one payee. Paid decisions claim what they were paid with; what another payee has
 * claimed is not paid again.
 */
export class StackClaims {
  /**
   * Of each payee, what it owned last and since when. A claim is for ever unless its payee is archived, which ends its
   * periods too: what is in here is true of any period of that payee from then on, and spares the question.
   */
  private readonly remembered = new Map<string, { digest: string; sinceMs: number }>();

  /** In the caller's transaction. Returns the decisions, some of them refused; `remember` them once it is committed. */
  async claim(tx: Sql, decisions: readonly Decision[]): Promise<Decision[]> {
    const asking = decisions.filter((decision) => !this.isRemembered(decision));
    if (asking.length === 0) return [...decisions];
    for (let look = 1; ; look += 1) {
      const known = await load(tx, asking);
      const { settled, fresh } = settle(asking, known);
      if (await insert(tx, fresh)) return decisions.map((decision) => settled.get(decision) ?? decision);
      if (look === MOST_LOOKS) throw new Error('containers were claimed again and again by others');
    }
  }

  /** Without the ids of what is known to be its payee's: there is nothing to claim, and they are a third of a waiting decision. */
  trim(decision: Decision): Decision {
    if (!this.isRemembered(decision)) return decision;
    return { ...decision, judgement: { ...decision.judgement, stack: [] } };
  }

  /** What would come of a decision now, without claiming anything. */
  async check(sql: Sql, decision: Decision): Promise<Decision> {
    if (this.isRemembered(decision)) return decision;
    const { settled } = settle([decision], await load(sql, [decision]));
    return settled.get(decision) ?? decision;
  }

  remember(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      const { due, judgement } = decision;
      if (judgement.stack.length === 0 || this.isRemembered(decision)) continue;
      // Not remembered with this stack: it is another one, or owned from an earlier period on than was known.
      this.remembered.delete(due.orchestrator_id);
      this.remembered.set(due.orchestrator_id, {
        digest: digestOf(judgement.stack),
        sinceMs: due.period_start.getTime(),
      });
      const [oldest] = this.remembered.keys();
      if (this.remembered.size > MOST_REMEMBERED && oldest !== undefined) this.remembered.delete(oldest);
    }
  }

  private isRemembered({ due, judgement }: Decision): boolean {
    if (judgement.stack.length === 0) return true;
    const owned = this.remembered.get(due.orchestrator_id);
    if (!owned || owned.sinceMs > due.period_start.getTime()) return false;
    return owned.digest === digestOf(judgement.stack);
  }
}

/** A short string: of ten thousand payees the ids themselves would be fifteen megabytes. */
const digestOf = (stack: readonly StackPart[]): string =>
  createHash('sha256')
    .update(JSON.stringify(stack.map(keyOf)))
    .digest('base64');

async function load(tx: Sql, decisions: readonly Decision[]): Promise<Claims> {
  const parts = decisions.flatMap(({ judgement }) => judgement.stack);
  const rows = await selectRows(
    tx,
    claimRow,
    `select c.kind, c.claimed_id, c.generation, c.orchestrator_id, c.claimed_from,
            (select f.effective_from from payments.orchestrator_fact f where f.orchestrator_id = c.orchestrator_id
                and f.fact = 'status' and f.value = 'archived' order by f.id limit 1) as archived_at
       from (select distinct kind, claimed_id from unnest($1::text[], $2::text[]) as asked (kind, claimed_id)) asked
       join payments.stack_claim c using (kind, claimed_id)`,
    [parts.map(({ kind }) => kind), parts.map(({ claimedId }) => claimedId)],
  );
  const claims: Claims = new Map();
  for (const row of rows) {
    addTo(claims, keyOf({ kind: row.kind, claimedId: row.claimed_id }), {
      orchestratorId: row.orchestrator_id,
      claimedFrom: row.claimed_from,
      generation: row.generation,
      archivedAt: row.archived_at,
    });
  }
  return claims;
}

function addTo(claims: Claims, key: string, claim: StackClaim): void {
  const known = claims.get(key);
  if (known) known.push(claim);
  else claims.set(key, [claim]);
}

/** One decision after the other: what an earlier one claims belongs to it for a later one. */
function settle(
  decisions: readonly Decision[],
  claims: Claims,
): { settled: Map<Decision, Decision>; fresh: NewClaim[] } {
  const settled = new Map<Decision, Decision>();
  const fresh: NewClaim[] = [];
  const inOrder = [...decisions].sort((a, b) => a.due.period_start.getTime() - b.due.period_start.getTime());
  for (const decision of inOrder) {
    const { orchestrator_id: orchestratorId, period_start: claimedFrom } = decision.due;
    const free: StackPart[] = [];
    let refused: Decision | undefined;
    for (const part of decision.judgement.stack) {
      const place = standing(claims.get(keyOf(part)) ?? [], orchestratorId, claimedFrom);
      if (place.owner === 'nobody') free.push(part);
      if (place.owner !== 'another') continue;
      const text = `${describePart(part)} belongs to the orchestrator ${place.orchestratorId}, which was paid with it first.`;
      refused = refuse(decision, 'shared_stack', text);
      break;
    }
    if (refused) {
      settled.set(decision, refused);
      continue;
    }
    for (const part of free) {
      const generation = (claims.get(keyOf(part)) ?? []).length + 1;
      fresh.push({ part, orchestratorId, claimedFrom, generation });
      addTo(claims, keyOf(part), { orchestratorId, claimedFrom, generation, archivedAt: null });
    }
  }
  return { settled, fresh };
}

/** Ordered, so that two processes do not lock each other out. False when another one was first with some of it. */
async function insert(tx: Sql, fresh: readonly NewClaim[]): Promise<boolean> {
  if (fresh.length === 0) return true;
  const rows = await selectRows(
    tx,
    z.object({ claimed_id: z.string() }),
    `insert into payments.stack_claim (kind, claimed_id, generation, orchestrator_id, claimed_from)
       select * from unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::timestamptz[])
                     as d (kind, claimed_id, generation) order by d.kind, d.claimed_id, d.generation
       on conflict do nothing returning claimed_id`,
    [
      fresh.map(({ part }) => part.kind),
      fresh.map(({ part }) => part.claimedId),
      fresh.map(({ generation }) => generation),
      fresh.map(({ orchestratorId }) => orchestratorId),
      fresh.map(({ claimedFrom }) => claimedFrom),
    ],
  );
  return rows.length === fresh.length;
}
