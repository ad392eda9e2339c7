import type { OpenStatement, Statement, StatementLine } from '#payments';
import { z } from 'zod';
import type { CsvColumns } from './csv/csv-chunks.js';
import { identifier, iso, money, time, timeInput, usd } from './wire.js';

const lineSchema = z
  .object({
    at: time().meta({ description: 'When it happened; of an accrual the start of its period' }),
    kind: z.enum(['accrual', 'adjustment', 'payout', 'return']),
    period_start: time().optional().meta({ description: 'Of an accrual' }),
    payout_id: identifier().optional().meta({ description: 'Of a payout and of its return' }),
    reason: z.string().optional().meta({ description: 'Of an adjustment', example: 'SLA credit, ticket 42' }),
    amount_usd: money().meta({ description: 'US dollars; of a payout negative', example: '-250.000000' }),
    balance_usd: money().meta({ description: 'Payable after this line, US dollars' }),
  })
  .meta({ id: 'StatementLine' });

export const statementSchema = z
  .object({
    orchestrator_id: identifier(),
    from: time().meta({ description: 'Inclusive' }),
    to: time().meta({ description: 'Exclusive' }),
    opening_balance_usd: money().meta({ description: 'Payable from everything before `from`, US dollars' }),
    lines: z.array(lineSchema),
    closing_balance_usd: money().meta({
      description: 'Opening plus every line, US dollars; with `to` beyond now what is payable',
    }),
  })
  .meta({ id: 'Statement' });

export const statementQuery = z.object({
  from: timeInput().optional().meta({
    description: 'Inclusive; 31 days before `to`, or before now where that is earlier, unless given',
    example: '2026-11-01T00:00:00.000Z',
  }),
  to: timeInput()
    .optional()
    .meta({ description: 'Exclusive; now unless given', example: '2026-12-01T00:00:00.000Z' }),
});

const lineToWire = (line: StatementLine): z.output<typeof lineSchema> => ({
  at: iso(line.at),
  kind: line.kind,
  ...(line.periodStart && { period_start: iso(line.periodStart) }),
  ...(line.payoutId !== null && { payout_id: line.payoutId }),
  ...(line.reason !== null && { reason: line.reason }),
  amount_usd: usd(line.amountMicroUsd),
  balance_usd: usd(line.balanceMicroUsd),
});

export const statementToWire = (statement: Statement): z.output<typeof statementSchema> => ({
  orchestrator_id: statement.orchestratorId,
  from: iso(statement.from),
  to: iso(statement.to),
  opening_balance_usd: usd(statement.openingMicroUsd),
  lines: statement.lines.map(lineToWire),
  closing_balance_usd: usd(statement.closingMicroUsd),
});

export const statementColumns: CsvColumns<StatementLine> = {
  at: ({ at }) => at,
  kind: ({ kind }) => kind,
  period_start: ({ periodStart }) => periodStart,
  payout_id: ({ payoutId }) => payoutId,
  reason: ({ reason }) => reason,
  amount_usd: ({ amountMicroUsd }) => amountMicroUsd,
  balance_usd: ({ balanceMicroUsd }) => balanceMicroUsd,
};

/** `statement-<orchestrator>-<first day>-<last moment's day>` */
export const statementName = ({ head }: OpenStatement): string =>
  `statement-${head.orchestratorId}-${iso(head.from).slice(0, 10)}-${iso(new Date(head.to.getTime() - 1)).slice(0, 10)}`;
