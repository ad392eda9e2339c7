export interface ModelPayout {
  /** As the books named it. */
  id: string;
  orchestratorId: string;
  amountMicroUsd: bigint;
  status: 'reserved' | 'held' | 'returned' | 'paid';
}

export interface ModelBalance {
  accruedMicroUsd: bigint;
  adjustedMicroUsd: bigint;
  payableMicroUsd: bigint;
  inSettlementMicroUsd: bigint;
  paidMicroUsd: bigint;
}

export interface ModelLine {
  kind: 'accrual' | 'adjustment' | 'payout' | 'return';
  /** The period's start for an accrual, else when it happened. */
  atMs: number;
  amountMicroUsd: bigint;
  payoutId: string | null;
}

interface Limits {
  minPayoutMicroUsd: bigint;
  maxPayoutMicroUsd: bigint;
}

const sum = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((total, amount) => total + amount, 0n);

/** Who was owed what, and what left: a list of lines for each payee, and no double entry. */
export class ModelMoney {
  readonly lines = new Map<string, ModelLine[]>();
  readonly payouts: ModelPayout[] = [];
  paused = false;
  lastPayoutMs = -Infinity;

  constructor(private readonly limits: Limits) {}

  accrue(id: string, startMs: number, amountMicroUsd: bigint): void {
    if (amountMicroUsd > 0n) this.add(id, { kind: 'accrual', atMs: startMs, amountMicroUsd, payoutId: null });
  }

  adjust(id: string, atMs: number, amountMicroUsd: bigint): void {
    this.add(id, { kind: 'adjustment', atMs, amountMicroUsd, payoutId: null });
  }

  /** Whom a run pays now, how much, and whether it is held. `leaving`: archived, with nothing left to decide. */
  due(ids: Iterable<string>, leaving: (id: string) => boolean): Omit<ModelPayout, 'id'>[] {
    return [...ids].flatMap((orchestratorId) => {
      const amountMicroUsd = this.balance(orchestratorId).payableMicroUsd;
      const enough = leaving(orchestratorId) ? 1n : this.limits.minPayoutMicroUsd;
      if (amountMicroUsd < enough || amountMicroUsd <= 0n) return [];
      const status =
        amountMicroUsd > this.limits.maxPayoutMicroUsd ? ('held' as const) : ('reserved' as const);
      return [{ orchestratorId, amountMicroUsd, status }];
    });
  }

  reserve(payout: ModelPayout, atMs: number): void {
    this.payouts.push(payout);
    this.lastPayoutMs = atMs;
    const { orchestratorId, amountMicroUsd, id } = payout;
    this.add(orchestratorId, { kind: 'payout', atMs, amountMicroUsd: -amountMicroUsd, payoutId: id });
  }

  giveBack(payout: ModelPayout, atMs: number): void {
    payout.status = 'returned';
    const { orchestratorId, amountMicroUsd, id } = payout;
    this.add(orchestratorId, { kind: 'return', atMs, amountMicroUsd, payoutId: id });
  }

  /** The lines in the order of their times, those of one moment as they were recorded, with the balance after each. */
  statement(id: string): (ModelLine & { balanceMicroUsd: bigint })[] {
    let balanceMicroUsd = 0n;
    return [...(this.lines.get(id) ?? [])]
      .sort((a, b) => a.atMs - b.atMs)
      .map((line) => ({ ...line, balanceMicroUsd: (balanceMicroUsd += line.amountMicroUsd) }));
  }

  balance(id: string): ModelBalance {
    const lines = this.lines.get(id) ?? [];
    const of = (kind: ModelLine['kind']): bigint =>
      sum(lines.filter((line) => line.kind === kind).map(({ amountMicroUsd }) => amountMicroUsd));
    const payouts = this.payouts.filter(({ orchestratorId }) => orchestratorId === id);
    const inState = (...states: ModelPayout['status'][]): bigint =>
      sum(
        payouts.filter(({ status }) => states.includes(status)).map(({ amountMicroUsd }) => amountMicroUsd),
      );
    return {
      accruedMicroUsd: of('accrual'),
      adjustedMicroUsd: of('adjustment'),
      payableMicroUsd: sum(lines.map(({ amountMicroUsd }) => amountMicroUsd)),
      inSettlementMicroUsd: inState('reserved', 'held'),
      paidMicroUsd: inState('paid'),
    };
  }

  private add(id: string, line: ModelLine): void {
    this.lines.set(id, [...(this.lines.get(id) ?? []), line]);
  }
}
