import type { Balance } from '../api/shapes.js';
import { microUsd, roundDollars } from '../format.js';

const tiles = [
  ['Earned', 'accrued_usd'],
  ['Owed', 'payable_usd'],
  ['On its way', 'in_settlement_usd'],
  ['Paid', 'paid_usd'],
] as const;

/** Where the money of some is, together. */
export const BalanceTiles = ({ of }: { of: readonly Pick<Balance, (typeof tiles)[number][1]>[] }) => (
  <dl class="tiles card">
    {tiles.map(([label, field]) => (
      <div key={field}>
        <dt>{label}</dt>
        <dd>{roundDollars(of.reduce((sum, balance) => sum + microUsd(balance[field]), 0n))}</dd>
      </div>
    ))}
  </dl>
);
