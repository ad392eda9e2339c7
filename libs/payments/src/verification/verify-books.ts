import type { Sql } from '../books/sql-rows.js';
import { accrualsCheck } from './check-accruals.js';
import { balancesCheck } from './check-balances.js';
import { evidenceCheck } from './check-evidence.js';
import { journalCheck } from './check-journal.js';
import { payoutsCheck } from './check-payouts.js';
import { sealsCheck, type SealsSeen } from './check-seals.js';
import { type CheckResult, Findings } from './finding.js';

export interface VerifyBooksOptions {
  /** The head of the chain that somebody noted, hex. */
  notedHead?: string | undefined;
  /** Now and then, how far the check under way has come. */
  onProgress?: (text: string) => void;
  onResult?: (result: CheckResult) => void;
  /** Ends the verification at the next step. */
  signal?: AbortSignal;
}

export interface Verification {
  /** Nothing was found. */
  ok: boolean;
  /** Hash of the newest seal, hex; null before the first. */
  head: string | null;
  /** Rows that no seal covers yet: no fault. */
  unsealedRows: bigint;
  checks: CheckResult[];
}

/**
 * Recomputes the books from nothing but their rows: no function, view or trigger of theirs is trusted, or needed. Give it
 * one snapshot. Memory is bounded, time is not.
 */
export async function verifyBooks(sql: Sql, options: VerifyBooksOptions = {}): Promise<Verification> {
  const { notedHead, onProgress = () => undefined, onResult = () => undefined, signal } = options;
  // What a row looks like as JSON, which is what a seal hashes, depends on these.
  for (const setting of [
    `timezone = 'UTC'`,
    `datestyle = 'ISO'`,
    `bytea_output = 'hex'`,
    'extra_float_digits = 1',
    'jit = off',
  ]) {
    await sql.query(`set local ${setting}`);
  }
  const seen: SealsSeen = { head: null, unsealedRows: 0n };
  const all = [sealsCheck(seen), journalCheck, balancesCheck, evidenceCheck, accrualsCheck, payoutsCheck];
  const checks: CheckResult[] = [];
  for (const { name, run } of all) {
    const findings = new Findings((text) => {
      signal?.throwIfAborted();
      onProgress(`${name}: ${text}`);
    });
    const summary = await withinSavepoint({ sql, findings, signal }, () => run({ sql, notedHead }, findings));
    const { shown, found, notes } = findings;
    const result = { name, summary, findings: shown, found, notes };
    checks.push(result);
    onResult(result);
  }
  return { ok: checks.every(({ found }) => found === 0), ...seen, checks };
}

/** A value that no check is prepared for must not keep the other checks from being made. */
async function withinSavepoint(
  { sql, findings, signal }: { sql: Sql; findings: Findings; signal: AbortSignal | undefined },
  run: () => Promise<string>,
): Promise<string> {
  await sql.query('savepoint before_check');
  try {
    return await run();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    // Fails, and ends the verification, where it was the connection that broke.
    await sql.query('rollback to savepoint before_check');
    findings.add('', '', `the check broke off: ${error instanceof Error ? error.message : String(error)}`);
    return 'not completed';
  }
}
