import { formatUsd } from '../../money/micro-usd.js';
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
const levelOf = (hours: number | null, runwayHours: number): Condition['level'] | undefined => {
  if (hours === null) return undefined;
  if (hours < runwayHours) return 'raise';
  return hours * 2 < runwayHours * 3 ? 'keep' : undefined;
};

export const treasuryRule: AlertRule = {
  kinds: ['treasury_low'],
  judge: ({ funds }, { runwayHours }) => {
    if (funds === undefined) return 'unknown';
    const { treasuryMicroUsd, owedMicroUsd, payHours } = funds;
    const isShort = treasuryMicroUsd < owedMicroUsd;
    const level = levelOf(isShort ? 0 : payHours, runwayHours);
    if (level === undefined) return [];
    const holds = `The treasury holds $${formatUsd(treasuryMicroUsd)}`;
    const owed = `$${formatUsd(owedMicroUsd)} is owed`;
    return [
      {
        ...{ kind: 'treasury_low', subject: 'treasury', level },
        text: isShort
          ? `${holds}, but ${owed}`
          : `${holds} and ${owed}: at the pay of the last day that lasts for less than ${runwayHours} hours`,
        details: { hours_left: isShort ? 0 : payHours, treasury_usd: formatUsd(treasuryMicroUsd) },
      },
    ];
  },
};

export const gasRule: AlertRule = {
  kinds: ['gas_low'],
  judge: ({ funds, chain }, { runwayHours }) => {
    if (funds === undefined) return 'unknown';
    const { gasWei, gasHours } = funds;
    const isEmpty = gasWei === 0n || (chain?.waitsFor?.startsWith('the gas payer holds') ?? false);
    const level = levelOf(isEmpty ? 0 : gasHours, runwayHours);
    if (level === undefined) return [];
    return [
      {
        ...{ kind: 'gas_low', subject: 'gas payer', level },
        text: isEmpty
          ? `The gas payer holds ${gasWei} wei, not enough for the next tx`
          : `The gas payer's ${gasWei} wei last for less than ${runwayHours} hours`,
        details: { hours_left: isEmpty ? 0 : gasHours, gas_wei: gasWei },
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
