import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';

import { Database } from '#platform/database';

import { Alerts } from '../alerts/alerts.js';
import { BOOKS_OPTIONS, type BooksOptions } from '../books/books-options.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, sqlBigint } from '../books/sql-rows.js';
import { formatUsd } from '../money/micro-usd.js';
import { assess } from './assess.js';
import { attempt } from './attempt.js';
import { type Decision, houseRules, termsOf } from './decision.js';
import type { DuePeriod } from './due-periods.js';
import type { EvidenceSource } from './evidence-source.js';
import { insertLateEvidence, type LateReport } from './late-evidence-rows.js';
import { claimLateRequests, closeLateRequests } from './late-requests.js';
import { StackClaims } from './stack-claims.js';
import { JudgedExchange } from './stored-report.js';

/** Late evidence has time: it must not keep due periods waiting. */
const REQUESTS_PER_TURN = 50;
const REQUESTS_PER_ORCHESTRATOR = 5;
const REQUESTS_AT_ONCE = 8;

interface Found {
  due: DuePeriod;
  report: LateReport;
}

/**
 * Evidence for periods that were decided without any. It is kept and shown with what it would have earned, and never paid
 * by itself: the decision stands, a person may correct it by an adjustment.
 */
@Injectable()
export class LateEvidence {
  constructor(
    private readonly database: Database,
    private readonly alerts: Alerts,
    @Inject(BOOKS_OPTIONS) private readonly options: BooksOptions,
  ) {}

  /** Asks for a bounded number of reports of workers that answer again. Returns how many periods got their evidence. */
  async collect(source: EvidenceSource, signal = new AbortController().signal): Promise<number> {
    const requests = await this.database.transaction((tx) =>
      claimLateRequests(tx, { perOrchestrator: REQUESTS_PER_ORCHESTRATOR, total: REQUESTS_PER_TURN }),
    );
    const running = new Set<AbortController>();
    const stop = (): void => {
      for (const one of running) one.abort();
    };
    signal.addEventListener('abort', stop, { once: true });
    const startedMs = performance.now();
    const found: Found[] = [];
    const line = [...requests];
    const lane = async (): Promise<void> => {
      for (let due = line.shift(); due && !signal.aborted; due = line.shift()) {
        const claimedAtMs = due.claimed_at.getTime();
        const now = (): Date => new Date(claimedAtMs + Math.floor(performance.now() - startedMs));
        const report = await this.ask(source, due, { running, now });
        if (report) found.push({ due, report });
      }
    };
    await Promise.all(Array.from({ length: Math.min(REQUESTS_AT_ONCE, requests.length) }, lane));
    signal.removeEventListener('abort', stop);
    if (found.length > 0) await this.keep(found);
    return found.length;
  }

  /** Undefined without a report that the worker signed about this period, in answer to this question. */
  private async ask(
    source: EvidenceSource,
    due: DuePeriod,
    limits: { running: Set<AbortController>; now: () => Date },
  ): Promise<LateReport | undefined> {
    const attempted = await attempt(source, due, {
      ...limits,
      timeoutMs: this.options.fetchTimeoutMs ?? 5_000,
    });
    if (attempted.kind !== 'report') return undefined;
    const judgement = assess(attempted, termsOf(due, houseRules(this.options)));
    if (judgement.uptime === null) return undefined;
    const exchange = new JudgedExchange(attempted);
    const evidence = { kind: 'report' as const, first: exchange, second: undefined };
    const decision: Decision = { due, evidence, judgement, firstAttemptAt: null };
    const checked = await new StackClaims().check(ready(this.database), decision);
    return { assessmentId: due.id, exchange, judgement: checked.judgement };
  }

  private async keep(found: readonly Found[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      await insertLateEvidence(
        tx,
        found.map(({ report }) => report),
        'late',
      );
      await closeLateRequests(
        tx,
        found.map(({ due }) => due.id),
      );
      for (const [id, name] of new Map(found.map(({ due }) => [due.orchestrator_id, due.name]))) {
        await this.tell(tx, id, name);
      }
    });
  }

  private async tell(tx: Sql, orchestratorId: string, name: string): Promise<void> {
    const total = await selectRow(
      tx,
      z.object({ periods: z.int(), micro_usd: sqlBigint }),
      `select count(*)::int as periods, coalesce(sum(l.amount_micro_usd), 0)::bigint as micro_usd
         from payments.late_evidence l join payments.assessment a on a.id = l.assessment_id
        where a.orchestrator_id = $1 and l.origin = 'late'`,
      [orchestratorId],
    );
    if (!total) return;
    await this.alerts.raise(tx, {
      kind: 'late_evidence',
      subject: `orchestrator/${orchestratorId}`,
      text:
        `Evidence about ${total.periods} periods of ${name} came after they were decided without any; in time it would ` +
        `have earned $${formatUsd(total.micro_usd)}. It is paid by an adjustment only: POST /api/v1/adjustments.`,
      details: { periods: total.periods, amount_micro_usd: total.micro_usd },
    });
  }
}
