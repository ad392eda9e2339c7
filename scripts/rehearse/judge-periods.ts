export interface Span {
  fromMs: number;
  /** Exclusive. */
  toMs: number;
}

/** What must have been judged of one orchestrator. */
export interface Expectation {
  orchestratorId: string;
  /** Multiples of the period: from the first period that counts to the end of the last. */
  periods: Span;
  /** When one of its services was certainly not running. */
  outages: readonly Span[];
  /** When nobody but the evidence can say: while a service was being started or stopped, before all was set up. */
  unsure: readonly Span[];
}

export interface JudgedPeriod {
  orchestratorId: string;
  startMs: number;
  endMs: number;
  decision: 'paid' | 'unpaid' | 'pending';
  reason: string | null;
  amountMicroUsd: bigint;
}

export interface PeriodsVerdict {
  expected: number;
  paid: number;
  unpaid: number;
  /** In words, one for each period that was lost, judged twice or judged wrongly. Empty: all is well. */
  faults: string[];
}

const overlaps = (one: Span, other: Span) => one.fromMs < other.toMs && other.fromMs < one.toMs;
const holds = (outer: Span, inner: Span) => outer.fromMs <= inner.fromMs && inner.toMs <= outer.toMs;
const name = (orchestratorId: string, startMs: number) =>
  `the period ${new Date(startMs).toISOString()} of ${orchestratorId}`;

/**
 * Every period between first and last judged exactly once: paid when the services were up by what the rehearsal itself knows,
 * unpaid when one was down.
 */
export function judgePeriods(
  periodMs: number,
  expectations: readonly Expectation[],
  judged: readonly JudgedPeriod[],
): PeriodsVerdict {
  const verdict: PeriodsVerdict = { expected: 0, paid: 0, unpaid: 0, faults: [] };
  const say = (fault: string) => verdict.faults.push(fault);
  for (const expectation of expectations) {
    const { orchestratorId, periods } = expectation;
    const own = new Map<number, JudgedPeriod[]>();
    for (const each of judged) {
      if (each.orchestratorId === orchestratorId)
        own.set(each.startMs, [...(own.get(each.startMs) ?? []), each]);
    }
    for (const [startMs, [first]] of own) {
      if (startMs % periodMs !== 0 || first?.endMs !== startMs + periodMs) {
        say(`${name(orchestratorId, startMs)} is no period of ${periodMs} ms`);
      }
    }
    for (let startMs = periods.fromMs; startMs < periods.toMs; startMs += periodMs) {
      verdict.expected += 1;
      const [only, ...more] = own.get(startMs) ?? [];
      const which = name(orchestratorId, startMs);
      if (only === undefined) say(`${which} was lost`);
      else if (more.length > 0) say(`${which} was judged ${1 + more.length} times`);
      else {
        const fault = faultOf(only, expectation);
        if (fault !== undefined) say(`${which} ${fault}`);
        if (only.decision === 'paid') verdict.paid += 1;
        if (only.decision === 'unpaid') verdict.unpaid += 1;
      }
    }
  }
  return verdict;
}

function faultOf(
  { decision, reason, amountMicroUsd, startMs, endMs }: JudgedPeriod,
  { outages, unsure }: Expectation,
): string | undefined {
  const period = { fromMs: startMs, toMs: endMs };
  if (decision === 'pending') return 'is still pending';
  if ((decision === 'paid') !== amountMicroUsd > 0n)
    return `is ${decision} with ${amountMicroUsd} micro-dollars`;
  if (outages.some((outage) => holds(outage, period))) {
    return decision === 'paid' ? 'is paid although a service was down in all of it' : undefined;
  }
  const isSure = ![...outages, ...unsure].some((span) => overlaps(span, period));
  return isSure && decision === 'unpaid'
    ? `is unpaid (${reason ?? 'no reason'}) although every service was up`
    : undefined;
}
