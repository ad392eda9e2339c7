import { formatUsd } from '../../money/micro-usd.js';
import type { AlertKey } from '../alert.js';
import { type AlertRule, type Condition, isoOf } from './condition.js';

const paused: AlertKey = { kind: 'settlement_paused', subject: 'settlement' };

/** Each waits for a person's decision of its own. */
export const heldRule: AlertRule = {
  kinds: ['payout_held'],
  judge: ({ payouts }) =>
    !payouts?.isWhole
      ? 'unknown'
      : payouts.open
          .filter(({ status }) => status === 'held')
          .map((payout): Condition => ({
            ...{ kind: 'payout_held', subject: `payout/${payout.id}`, level: 'raise' },
            text: `A payout of $${formatUsd(payout.amountMicroUsd)} is held: ${payout.holdReason ?? 'no reason was kept'}`,
            details: { payout_id: payout.id, orchestrator_id: payout.orchestratorId },
          })),
};

/** Payouts share the way to the chain: what stops one stops all, so there is one alert for them. */
export const stuckRule: AlertRule = {
  kinds: ['payout_stuck'],
  judge: ({ payouts, chain, nowMs }, { payoutStuckMs }) => {
    if (payouts === undefined) return 'unknown';
    const stuck = payouts.open.filter(
      ({ status, isOnChain, createdMs }) =>
        isOnChain && status !== 'held' && nowMs - createdMs >= payoutStuckMs,
    );
    const [oldest] = stuck;
    if (!oldest) return [];
    const total = stuck.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0n);
    const waitsFor = chain?.waitsFor;
    return [
      {
        ...{ kind: 'payout_stuck', subject: 'settlement', level: 'raise' },
        text:
          `${stuck.length}${payouts.isWhole ? '' : ' or more'} payouts of $${formatUsd(total)} are not paid yet, the oldest ` +
          `was made at ${isoOf(oldest.createdMs)}${waitsFor ? `; settlement waits: ${waitsFor}` : ''}`,
        details: { payout_ids: stuck.slice(0, 20).map(({ id }) => id), waits_for: waitsFor ?? null },
        explainedBy: [
          paused,
          { kind: 'chain_unreachable', subject: 'chain' },
          { kind: 'chain_refused', subject: 'chain' },
          { kind: 'treasury_low', subject: 'treasury' },
          { kind: 'gas_low', subject: 'gas payer' },
          ...payouts.pausedLanes.map(({ chainId, address }) => laneKey(chainId, address)),
        ],
      },
    ];
  },
};

const laneKey = (chainId: string, address: string): AlertKey => ({
  kind: 'lane_paused',
  subject: `lane/${chainId}/${address}`,
});

/** A stop that everybody has forgotten costs the payees' trust. */
export const pauseRule: AlertRule = {
  kinds: ['settlement_paused', 'lane_paused'],
  judge: ({ payouts }) => {
    if (payouts === undefined) return 'unknown';
    const { pause, pausedLanes } = payouts;
    const lanes = pausedLanes.map(({ chainId, address, reason }): Condition => ({
      ...laneKey(chainId, address),
      level: 'raise',
      text: `Nothing more is signed for ${address} on chain ${chainId}: ${reason}`,
      details: { chain_id: chainId, address },
    }));
    if (pause === null) return lanes;
    return [
      ...lanes,
      {
        ...paused,
        level: 'raise',
        text: `Payouts were paused by ${pause.actor} at ${isoOf(pause.sinceMs)}: ${pause.reason}`,
        details: { actor: pause.actor, since: isoOf(pause.sinceMs) },
      },
    ];
  },
};
