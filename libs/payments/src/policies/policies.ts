import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { type UptimeAggregation, uptimeAggregations } from '#monitoring';
import { Database } from '#platform/database';

import { AuditLog } from '../audit/audit-log.js';
import { lockBook } from '../books/books.js';
import { effectiveFrom } from '../books/effective-time.js';
import { NotFoundError, RuleError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { requireServices, requireThreshold } from './policy-rules.js';

/** What must be up, and how much. Null in an orchestrator's own policy: as the default says. */
export interface PolicyVersion {
  id: string;
  orchestratorId: string | null;
  minUptimeBasisPoints: bigint | null;
  aggregation: UptimeAggregation | null;
  requiredServices: string[] | null;
  effectiveFrom: Date;
  createdAt: Date;
  actor: string;
}

export interface PolicyInForce {
  id: string;
  /** The orchestrator's own version that changed something, if any. */
  ownId: string | null;
  minUptimeBasisPoints: bigint;
  aggregation: UptimeAggregation;
  requiredServices: string[];
}

/** Absent: unchanged. Null: for an orchestrator as the default says. */
export interface PolicyChange {
  minUptimeBasisPoints?: bigint | null | undefined;
  aggregation?: UptimeAggregation | null | undefined;
  requiredServices?: readonly string[] | null | undefined;
  effectiveFrom?: Date | undefined;
}

const basisPoints = z.int().transform(BigInt);
const aggregation = z.enum(uptimeAggregations);
const policyRow = z.object({
  id: sqlBigint,
  orchestrator_id: z.uuid().nullable(),
  threshold_bp: basisPoints.nullable(),
  aggregation: aggregation.nullable(),
  required_services: z.array(z.string()).nullable(),
  effective_from: sqlTime,
  created_at: sqlTime,
  actor: z.string(),
});
const inForceRow = z.object({
  policy_id: sqlBigint,
  own_policy_id: sqlBigint.nullable(),
  threshold_bp: basisPoints,
  aggregation,
  required_services: z.array(z.string()),
});
const columns =
  'id, orchestrator_id, threshold_bp, aggregation, required_services, effective_from, created_at, actor';

const toVersion = (row: z.output<typeof policyRow>): PolicyVersion => ({
  id: row.id.toString(),
  orchestratorId: row.orchestrator_id,
  minUptimeBasisPoints: row.threshold_bp,
  aggregation: row.aggregation,
  requiredServices: row.required_services,
  effectiveFrom: row.effective_from,
  createdAt: row.created_at,
  actor: row.actor,
});

@Injectable()
export class Policies {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /** Every version, the newest record first. */
  async list(request: PageRequest & { orchestratorId?: string } = {}): Promise<Page<PolicyVersion>> {
    const limit = pageLimit(request);
    const [before] = decodeCursor(request, z.tuple([sqlBigint])) ?? [null];
    const rows = await selectRows(
      ready(this.database),
      policyRow,
      `select ${columns} from payments.policy
        where ($1::bigint is null or id < $1) and ($2::uuid is null or orchestrator_id = $2)
        order by id desc limit $3`,
      [before?.toString() ?? null, request.orchestratorId ?? null, limit + 1],
    );
    return toPage(rows.map(toVersion), limit, ({ id }) => [id]);
  }

  /** @throws RuleError */
  async setDefault(change: PolicyChange, actor: string): Promise<PolicyVersion> {
    return this.database.transaction((tx) => this.insert(tx, null, change, actor));
  }

  /** @throws RuleError, NotFoundError */
  async setFor(orchestratorId: string, change: PolicyChange, actor: string): Promise<PolicyVersion> {
    return this.database.transaction((tx) => this.insert(tx, orchestratorId, change, actor));
  }

  async inForce(orchestratorId: string | null, at: Date): Promise<PolicyInForce> {
    return this.inForceWithin(ready(this.database), orchestratorId, at);
  }

  /** Adds a version within the caller's transaction; what the change leaves out stays as it was. */
  async insert(
    tx: Sql,
    orchestratorId: string | null,
    change: PolicyChange,
    actor: string,
  ): Promise<PolicyVersion> {
    const { periodSeconds } = await lockBook(tx);
    if (orchestratorId !== null) {
      const known = await selectRow(tx, z.object({}), 'select 1 from payments.orchestrator where id = $1', [
        orchestratorId,
      ]);
      if (!known) throw new NotFoundError('orchestrator', orchestratorId);
    }
    const threshold = change.minUptimeBasisPoints;
    if (threshold !== undefined && threshold !== null) requireThreshold(threshold);
    const from = await effectiveFrom(tx, change.effectiveFrom, periodSeconds);
    const before = await selectRow(
      tx,
      policyRow,
      `select ${columns} from payments.policy
        where orchestrator_id is not distinct from $1::uuid and effective_from <= $2
        order by effective_from desc, id desc limit 1`,
      [orchestratorId, from],
    );
    const services =
      change.requiredServices === undefined
        ? (before?.required_services ?? null)
        : change.requiredServices && requireServices(change.requiredServices);
    const next = {
      threshold_bp: threshold === undefined ? (before?.threshold_bp ?? null) : threshold,
      aggregation: change.aggregation === undefined ? (before?.aggregation ?? null) : change.aggregation,
      required_services: services,
    };
    if (orchestratorId === null && Object.values(next).includes(null)) {
      throw new RuleError('the default policy leaves nothing open');
    }
    const row = await selectRow(
      tx,
      policyRow,
      `insert into payments.policy (orchestrator_id, threshold_bp, aggregation, required_services, effective_from, actor)
         values ($1, $2, $3, $4, $5, $6) returning ${columns}`,
      [
        orchestratorId,
        next.threshold_bp?.toString() ?? null,
        next.aggregation,
        next.required_services,
        from,
        actor,
      ],
    );
    if (!row) throw new Error('the policy was not stored');
    await this.audit.record(tx, {
      actor,
      action: 'policy changed',
      subject: orchestratorId === null ? 'policy/default' : `orchestrator/${orchestratorId}`,
      before: before && {
        threshold_bp: before.threshold_bp,
        aggregation: before.aggregation,
        required_services: before.required_services,
      },
      after: { ...next, effective_from: from.toISOString() },
    });
    return toVersion(row);
  }

  private async inForceWithin(sql: Sql, orchestratorId: string | null, at: Date): Promise<PolicyInForce> {
    const row = await selectRow(sql, inForceRow, 'select * from payments.policy_at($1, $2)', [
      orchestratorId,
      at,
    ]);
    if (!row) throw new Error('the books have not been opened: there is no policy');
    return {
      id: row.policy_id.toString(),
      ownId: row.own_policy_id?.toString() ?? null,
      minUptimeBasisPoints: row.threshold_bp,
      aggregation: row.aggregation,
      requiredServices: row.required_services,
    };
  }
}
