/** The edges of docs/settlement.md that are written to the database. */
export const edges = ['reserve', 'E0', 'E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'E9'] as const;
export type Edge = (typeof edges)[number];

/** Just before the commit reaches PostgreSQL; just after PostgreSQL has committed, before anybody hears of it. */
export const moments = ['before commit', 'after commit'] as const;
export type Moment = (typeof moments)[number];

/** What one transaction did: each statement with the parameters bound to it. */
export type Statements = readonly string[];

const has = (statements: Statements, pattern: RegExp): boolean =>
  statements.some((text) => pattern.test(text));

const storesAttempt = /insert into payments\.attempt\b/;
const storesSettlement = /insert into payments\.settlement\b(?!_)/;

/** By what is written, in the words of libs/payments/src/settlement. One transaction may take several edges. */
const marks: Readonly<Record<Edge, (statements: Statements) => boolean>> = {
  reserve: (all) => has(all, /insert into payments\.payout\b(?!_)/),
  E0: (all) => has(all, storesSettlement),
  E1: (all) => has(all, /send_count = send_count \+ 1/),
  E2: (all) => has(all, /update payments\.attempt set last_error_class/),
  E3: (all) => has(all, /update payments\.settlement set status = 'mined'/),
  E4: (all) => has(all, /update payments\.settlement set status = 'sent', mined_tx_hash = null/),
  E5: (all) => has(all, /update payments\.settlement set status = 'final'/),
  E6: (all) => has(all, storesAttempt) && !has(all, storesSettlement) && !isCancel(all),
  E7: (all) => has(all, storesAttempt) && isCancel(all),
  E8: (all) => has(all, /update payments\.lane set status = 'paused'/),
  E9: (all) => has(all, /failures = failures \+ 1/),
};

/** The kind of an attempt is in its statement or among the parameters. */
const isCancel = (all: Statements): boolean =>
  all.some((text) => storesAttempt.test(text) && /\bcancel\b/.test(text));

export const edgesOf = (statements: Statements): Edge[] => edges.filter((edge) => marks[edge](statements));
