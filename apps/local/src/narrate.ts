import { styleText } from 'node:util';
import { z } from 'zod';

/** What the distributor logs, as far as the local stack tells it to people. */
const factSchemas = {
  'period assessed': z.looseObject({
    orchestratorName: z.string(),
    periodStart: z.string(),
    uptimePercentage: z.number().nullable(),
    decision: z.string(),
    reasonText: z.string().nullish(),
    amountUsd: z.string(),
  }),
  'payout sent': z.looseObject({ amountUsd: z.string(), payoutAddress: z.string(), txHash: z.string() }),
  'payout paid': z.looseObject({ amountUsd: z.string(), payoutAddress: z.string(), txHash: z.string() }),
  'payout held': z.looseObject({ amountUsd: z.string(), payoutAddress: z.string() }),
};

const dollars = (amountUsd: string) => `$${amountUsd.replace(/(\.\d\d\d*?)0+$/, '$1')}`;

const short = (hex: string) => `${hex.slice(0, 8)}…${hex.slice(-4)}`;

const time = (iso: string) => iso.slice(11, 19);

function assessed(fact: z.output<(typeof factSchemas)['period assessed']>): string {
  const { periodStart, orchestratorName, uptimePercentage, decision, amountUsd, reasonText } = fact;
  const uptime =
    uptimePercentage === null ? '   no report' : `${uptimePercentage.toFixed(2).padStart(6)} % up`;
  const outcome =
    decision === 'paid'
      ? styleText('green', `✔ paid ${dollars(amountUsd)}`)
      : styleText('red', `✘ ${decision}${reasonText ? `: ${reasonText}` : ''}`);
  return `${time(periodStart)}  ${orchestratorName}  ${uptime}  ${outcome}`;
}

/** The line for people of one logged fact, or undefined when it is not worth one. */
export function narrate(fact: { message: string }): string | undefined {
  switch (fact.message) {
    case 'period assessed': {
      const parsed = factSchemas['period assessed'].safeParse(fact);
      return parsed.success ? assessed(parsed.data) : undefined;
    }
    case 'payout sent': {
      const parsed = factSchemas['payout sent'].safeParse(fact);
      if (!parsed.success) return undefined;
      const { amountUsd, payoutAddress, txHash } = parsed.data;
      return styleText(
        'dim',
        `          → ${dollars(amountUsd)} to ${short(payoutAddress)} in tx ${short(txHash)}`,
      );
    }
    case 'payout paid': {
      const parsed = factSchemas['payout paid'].safeParse(fact);
      if (!parsed.success) return undefined;
      const { amountUsd, payoutAddress, txHash } = parsed.data;
      return styleText(
        'green',
        `          ● ${dollars(amountUsd)} final for ${short(payoutAddress)} (tx ${short(txHash)})`,
      );
    }
    case 'payout held': {
      const parsed = factSchemas['payout held'].safeParse(fact);
      if (!parsed.success) return undefined;
      return styleText(
        'yellow',
        `          ‖ ${dollars(parsed.data.amountUsd)} held, above the maximum payout`,
      );
    }
    default:
      return undefined;
  }
}
