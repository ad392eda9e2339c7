import { Injectable } from '@nestjs/common';
import type { z } from 'zod';

import { Database } from '#platform/database';

import { NotFoundError, RuleError } from '../books/errors.js';
import { Snapshot } from '../books/snapshot.js';
import { withBalance } from './running-balance.js';
import type { Statement, StatementHead, StatementLine, StatementRange } from './statement.js';
import { askFor, lineRow, linesInOrder, totalsOf } from './statement-rows.js';

const DEFAULT_DAYS = 31;
const DAY_MS = 86_400_000;

/** A month of one-minute periods has 44,640 lines. */
export const MAX_STATEMENT_LINES = 50_000;

/** A statement that is being read. Close it, read to its end or not. */
export interface OpenStatement {
  head: StatementHead;
  /** At most a thousand lines each. @throws Error when the lines do not add up to the closing balance */
  batches: AsyncGenerator<StatementLine[], void, undefined>;
  close(): Promise<void>;
}

/** What an orchestrator earned, was corrected by and was paid: the ledger's movements of its payable account. */
@Injectable()
export class Statements {
  constructor(private readonly database: Database) {}

  /** The whole of it. @throws NotFoundError, RuleError for an empty range or more than `MAX_STATEMENT_LINES` */
  async read(orchestratorId: string, range: StatementRange = {}): Promise<Statement> {
    const statement = await this.open(orchestratorId, range);
    try {
      if (statement.head.lineCount > MAX_STATEMENT_LINES) {
        throw new RuleError(
          `The range holds ${statement.head.lineCount} lines, and JSON carries at most ${MAX_STATEMENT_LINES}: ` +
            'ask for a shorter one, or for CSV (Accept: text/csv), which has no bound',
          'from',
        );
      }
      const lines: StatementLine[] = [];
      for await (const batch of statement.batches) lines.push(...batch);
      return { ...statement.head, lines };
    } finally {
      await statement.close();
    }
  }

  /** All of one moment, in batches. @throws NotFoundError, RuleError for an empty range */
  async open(orchestratorId: string, range: StatementRange = {}): Promise<OpenStatement> {
    const snapshot = await Snapshot.open(this.database);
    try {
      const asked = await askFor(snapshot.sql, orchestratorId);
      if (!asked.known) throw new NotFoundError('orchestrator', orchestratorId);
      const { from, to } = spanOf(range, asked.now);
      const accountId = asked.account_id;
      const totals =
        accountId === null
          ? { opening: 0n, closing: 0n, line_count: 0 }
          : await totalsOf(snapshot.sql, accountId, from, to);
      const head: StatementHead = {
        ...{ orchestratorId, from, to },
        lineCount: totals.line_count,
        openingMicroUsd: totals.opening,
        closingMicroUsd: totals.closing,
      };
      const rows =
        accountId === null ? noRows() : snapshot.batches(lineRow, linesInOrder, [accountId, from, to]);
      return { head, batches: withBalance(head, rows), close: () => snapshot.close() };
    } catch (error) {
      await snapshot.close();
      throw error;
    }
  }
}

function spanOf(range: StatementRange, now: Date): { from: Date; to: Date } {
  const justAfterNow = new Date(now.getTime() + 1);
  const to = range.to ?? justAfterNow;
  const end = to < justAfterNow ? to : justAfterNow;
  const from = range.from ?? new Date(end.getTime() - DEFAULT_DAYS * DAY_MS);
  if (from >= to) {
    const bound = range.to === undefined ? `now, ${now.toISOString()}` : `to, ${to.toISOString()}`;
    throw new RuleError(`must lie before ${bound}`, 'from');
  }
  return { from, to };
}

async function* noRows(): AsyncGenerator<z.output<typeof lineRow>[], void, undefined> {
  // Nothing was ever booked.
}
