import type { TortureReport } from '#payments/testing';

const edgesInOrder = ['reserve', 'E0', 'E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'E9'];

function rows(title: string, counts: readonly (readonly [string, number | string])[]): string[] {
  if (counts.length === 0) return [];
  const width = Math.max(...counts.map(([name]) => name.length));
  return ['', title, ...counts.map(([name, count]) => `  ${name.padEnd(width)}  ${count}`)];
}

function killsByEdge(kills: TortureReport['kills']): [string, string][] {
  const at = (edge: string, moment: string) => kills.get(`${edge} ${moment} commit`) ?? 0;
  const byEdge = edgesInOrder.map((edge): [string, string] => [
    edge,
    `${at(edge, 'before')} before the commit, ${at(edge, 'after')} after it`,
  ]);
  const random = [...kills].filter(([where]) => where.startsWith('random'));
  const sum = random.reduce((total, [, count]) => total + count, 0);
  return [...byEdge, ['at random', String(sum)]];
}

/** For people: what was done to the distributor, and what came of it. */
export function describeTorture(report: TortureReport, seconds: number): string {
  const { seed, rounds, kills, faults, debts, payouts, paidMicroUsd, txs, gas, wrong } = report;
  const gasEach = payouts === 0 ? 0n : gas / BigInt(payouts);
  return [
    ...rows('Killed (SIGKILL) at', killsByEdge(kills)),
    ...rows('Other faults', [...faults].toSorted()),
    ...rows('On the chain', [
      ['debts', debts],
      ['payouts', payouts],
      ['paid', `$${Number(paidMicroUsd / 1_000_000n).toLocaleString('en-US')}`],
      ['txs with payouts', txs],
      ['gas', `${gas.toLocaleString('en-US')} (${gasEach.toLocaleString('en-US')} for each payout)`],
    ]),
    '',
    `Seed ${seed}, ${rounds} rounds in ${Math.round(seconds)} s.`,
    wrong.length === 0
      ? '✓ Nobody was paid twice, nothing was lost, nothing is stuck.'
      : ['✗ Wrong:', ...wrong.map((each) => `  ${each}`)].join('\n'),
  ].join('\n');
}
