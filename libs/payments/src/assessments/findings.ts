import type { EntityManager } from 'typeorm';

import type { Alerts, AlertKey, AlertKind, Trouble } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Decision } from './decision.js';

/** A clock that is further off is told, long before it costs anything. */
const TOLD_CLOCK_SKEW_MS = 5_000n;

const kinds = ['worker_clock_skew', 'wrong_worker', 'shared_stack', 'equivocation'] as const;
type Kind = (typeof kinds)[number];

/** What a decision says about an alert: it should be open, it should not, or (left out) nothing. */
type Finding = Trouble | 'over';

/** What was found wrong with a worker by its latest decision, as alerts. */
export class Findings {
  /** Texts of alerts as this process last wrote them. */
  private readonly told = new Map<string, string>();

  constructor(
    private readonly alerts: Alerts,
    private readonly audit: AuditLog,
  ) {}

  /** In the transaction that stores the decisions. Writes only where something has changed. */
  async tell(tx: EntityManager, decisions: readonly Decision[]): Promise<void> {
    const found = new Map<string, { key: AlertKey; finding: Finding }>();
    const inOrder = [...decisions].sort(
      (a, b) => a.due.period_start.getTime() - b.due.period_start.getTime(),
    );
    for (const decision of inOrder) {
      const subject = `orchestrator/${decision.due.orchestrator_id}`;
      for (const kind of kinds) {
        const finding = findingOf(kind, subject, decision);
        if (finding) found.set(`${kind} ${subject}`, { key: { kind, subject }, finding });
      }
    }
    if (found.size === 0) return;
    const open = new Set(
      (await this.alerts.open(tx, kinds)).map(({ kind, subject }) => `${kind} ${subject}`),
    );
    for (const [name, { key, finding }] of found) {
      if (finding === 'over') {
        if (open.has(name)) await this.alerts.resolve(tx, key);
        this.told.delete(name);
      } else if (!open.has(name) || this.told.get(name) !== finding.text) {
        await this.alerts.raise(tx, finding);
        if (!open.has(name)) await this.record(tx, finding);
        this.told.set(name, finding.text);
      }
    }
  }

  private async record(tx: EntityManager, { kind, subject, text, details }: Trouble): Promise<void> {
    const action = audited[kind];
    if (action !== undefined) {
      await this.audit.record(tx, { actor: 'assessor', action, subject, after: { text, ...details } });
    }
  }
}

/** Somebody may have cheated: that is kept for ever, where an alert only counts. */
const audited: Partial<Record<AlertKind, string>> = {
  shared_stack: 'stack refused',
  equivocation: 'equivocation found',
};

function findingOf(kind: Kind, subject: string, { due, judgement }: Decision): Finding | undefined {
  const { reason, signer, clockSkewMs } = judgement;
  const details = { assessment_id: due.id, period_start: due.period_start.toISOString() };
  switch (kind) {
    case 'worker_clock_skew': {
      if (clockSkewMs === null) return undefined;
      if (clockSkewMs <= TOLD_CLOCK_SKEW_MS && clockSkewMs >= -TOLD_CLOCK_SKEW_MS) return 'over';
      const text =
        `The clock of the worker of ${due.name} is more than ${TOLD_CLOCK_SKEW_MS / 1_000n} s ` +
        `${clockSkewMs > 0n ? 'ahead' : 'behind'}; with more than 30 s it earns nothing.`;
      return { kind, subject, text, details: { ...details, clock_skew_ms: clockSkewMs } };
    }
    case 'wrong_worker': {
      // Only a report of the right worker has a known skew.
      if (reason !== 'wrong_worker') return clockSkewMs === null ? undefined : 'over';
      const call = `POST /api/v1/orchestrators/${due.orchestrator_id}/accept-worker`;
      const text =
        `Reports about ${due.name} are signed by ${signer ?? 'another key'}, not by ${due.worker_address ?? 'its worker'}, ` +
        `and earn nothing. If that is its new key: ${call} {"worker_address":"${signer ?? ''}"}.`;
      return { kind, subject, text, details: { ...details, signer, worker_address: due.worker_address } };
    }
    case 'shared_stack':
      if (judgement.decision === 'paid') return 'over';
      return reason === 'shared_stack'
        ? { kind, subject, text: `${due.name} is not paid. ${judgement.reasonText}`, details }
        : undefined;
    case 'equivocation':
      // Stays open: what was signed twice is not undone by a good report.
      return reason === 'equivocation'
        ? { kind, subject, text: `${due.name} is not paid. ${judgement.reasonText}`, details }
        : undefined;
  }
}
