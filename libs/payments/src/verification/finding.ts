/** One row of the books that is not as it must be. */
export interface Finding {
  /** With its schema. */
  table: string;
  /** Its primary key, `id=7`; the row's number where the row is gone. */
  row: string;
  problem: string;
}

export type CheckName = 'seals' | 'journal' | 'balances' | 'evidence' | 'accruals' | 'payouts';

export interface CheckResult {
  name: CheckName;
  /** What was looked at, with figures. */
  summary: string;
  /** The first ones. */
  findings: Finding[];
  /** All of them. */
  found: number;
  /** What is no fault, but should be known. */
  notes: string[];
}

/** Shown in full; the rest is counted. */
const MAX_SHOWN = 50;

/** Where a check writes what it finds. */
export class Findings {
  readonly shown: Finding[] = [];
  readonly notes: string[] = [];
  private count = 0;

  /** `progress` hears, now and then, how far the check has come. */
  constructor(readonly progress: (text: string) => void = () => undefined) {}

  get found(): number {
    return this.count;
  }

  add(table: string, row: string, problem: string): void {
    this.count += 1;
    if (this.shown.length < MAX_SHOWN) this.shown.push({ table, row, problem });
  }

  /** Findings of which the database returned the first ones only. */
  addCounted(first: readonly Finding[], total: number): void {
    for (const { table, row, problem } of first) this.add(table, row, problem);
    this.count += Math.max(0, total - first.length);
  }

  note(text: string): void {
    this.notes.push(text);
  }
}

/** Looks at one side of the books; answers what it has looked at. */
export interface Check<Context> {
  name: CheckName;
  run: (context: Context, findings: Findings) => Promise<string>;
}
