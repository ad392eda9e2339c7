import { formatUsd } from '../../money/micro-usd.js';
import { hoursLeft } from './hours-left.js';
import { type AlertRule, type Condition, isoOf } from './condition.js';

export const chainRule: AlertRule = {
  kinds: ['chain_unreachable'],
  isPatient: true,
  judge: ({ chain }) => {
    if (chain === undefined || chain.state === 'connecting') return 'unknown';
    if (chain.state !== 'unreachable') return [];
    return [
      {
        ...{ kind: 'chain_unreachable', subject: 'chain', level: 'raise' },
        text: `No node of ETH_RPC_URL answers, so nothing is paid: ${chain.detail ?? 'no reason was given'}`,
      },
    ];
  },
};

/** Waiting does not cure it. */
export const refusedRule: AlertRule = {
  kinds: ['chain_refused'],
  judge: ({ chain }) => {
    if (chain === undefined || chain.state === 'connecting' || chain.state === 'unreachable')
      return 'unknown';
    if (chain.state !== 'refused') return [];
    return [
      {
        ...{ kind: 'chain_refused', subject: 'chain', level: 'raise' },
        text: `Settlement does not start: ${chain.detail ?? 'no reason was given'}`,
      },
    ];
  },
};

/** Opens below the hours that people want to be told at, ends above half as many more. */
const levelOf = (hours: bigint | null, runwayHours: number): Condition['level'] | undefined => {
  if (hours === null) return undefined;
  if (hours < BigInt(runwayHours)) return 'raise';
  return hours * 2n < BigInt(runwayHours) * 3n ? 'keep' : undefined;
};

export const treasuryRule: AlertRule = {
  kinds: ['treasury_low'],
  judge: ({ funds }, { runwayHours }) => {
    if (funds === undefined) return 'unknown';
    const { treasuryMicroUsd, owedMicroUsd, earnedPerHourMicroUsd } = funds;
    const left = treasuryMicroUsd - owedMicroUsd;
    const hours = left < 0n ? 0n : hoursLeft(left, earnedPerHourMicroUsd);
    const level = levelOf(hours, runwayHours);
    if (level === undefined) return [];
    return [
      {
        ...{ kind: 'treasury_low', subject: 'treasury', level },
        text:
          left < 0n
            ? `The treasury holds $${formatUsd(treasuryMicroUsd)}, but $${formatUsd(owedMicroUsd)} is owed`
            : `The treasury lasts for less than ${runwayHours} hours: after what is owed $${formatUsd(left)} are left, and $${formatUsd(earnedPerHourMicroUsd)} are earned per hour`,
        details: { hours_left: hours, treasury_micro_usd: treasuryMicroUsd, owed_micro_usd: owedMicroUsd },
      },
    ];
  },
};

export const gasRule: AlertRule = {
  kinds: ['gas_low'],
  judge: ({ funds, chain }, { runwayHours }) => {
    if (funds === undefined) return 'unknown';
    const { gasWei, gasPerHourWei } = funds;
    const isEmpty = gasWei === 0n || (chain?.waitsFor?.startsWith('the gas payer holds') ?? false);
    const hours = isEmpty ? 0n : gasPerHourWei === null ? null : hoursLeft(gasWei, gasPerHourWei);
    const level = levelOf(hours, runwayHours);
    if (level === undefined) return [];
    return [
      {
        ...{ kind: 'gas_low', subject: 'gas payer', level },
        text: isEmpty
          ? `The gas payer holds ${gasWei} wei, not enough for the next tx`
          : `The gas payer's ${gasWei} wei last for less than ${runwayHours} hours`,
        details: { hours_left: hours, gas_wei: gasWei },
      },
    ];
  },
};

export const reconciliationRule: AlertRule = {
  kinds: ['reconciliation_difference'],
  judge: ({ reconciliation }) => {
    if (reconciliation === undefined) return 'unknown';
    const { differences, atMs } = reconciliation;
    const [first] = differences;
    if (!first) return [];
    return [
      {
        ...{ kind: 'reconciliation_difference', subject: 'ledger', level: 'raise' },
        text: `${differences.length} differences between the ledger and the chain, the first in ${first.account}: ${first.detail}`,
        details: { found_at: isoOf(atMs), differences: differences.slice(0, 20) },
      },
    ];
  },
};
