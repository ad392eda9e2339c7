import { formatUsd } from '#payments';

import { describeLoad } from './describe-load.js';
import type { PeriodsVerdict } from './judge-periods.js';
import type { UpgradeReport } from './upgrade.js';

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

const periods = ({ expected, paid, unpaid, faults }: PeriodsVerdict) =>
  `${expected} periods: ${paid} paid, ${unpaid} unpaid, ${faults.length} lost or wrong`;

/** For people: what the exchange and the restore cost, and whether anything was lost. */
export function describeUpgrade(report: UpgradeReport): string {
  const rows = [
    ['exchange', `${seconds(report.exchangeMs)} from docker-compose up -d to ready`],
    ['REST', describeLoad(report.load)],
    ['upgrade', periods(report.upgraded)],
    ['on the chain', `$${formatUsd(report.paidMicroUsd)} paid`],
    [
      'backup',
      `${report.backupBytes.toLocaleString('en-US')} bytes, restored in ${seconds(report.restoreMs)}`,
    ],
    ['restored', periods(report.restored)],
  ];
  return [
    '',
    ...rows.map(([name = '', text = '']) => `  ${name.padEnd(13)} ${text}`),
    '',
    report.wrong.length === 0
      ? '✓ No period was lost, none was judged twice, the books verify and reconcile, here and restored elsewhere.'
      : ['✗ Wrong:', ...report.wrong.map((each) => `  ${each}`)].join('\n'),
  ].join('\n');
}
