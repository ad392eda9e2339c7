import type { UptimeReport } from '../reports/uptime-report.js';
import { minuteMs } from './minute-chain.js';
import { hashInRun, type MinuteRun } from './minute-run.js';
import { rosterOf, WindowTally } from './window-tally.js';

export interface Comparison {
  /** Null: the run does not reach far enough to tell. */
  hashes: 'equal' | 'different' | null;
  sums: 'equal' | 'within' | null;
  /** What differs, in words. */
  differences: string[];
}

const sumNames = ['upMs', 'inferredUpMs', 'downMs', 'startingMs', 'unknownMs'] as const;

/**
 * What a verified run of minutes says about a report: are its two hashes those of the run, and do its numbers equal the
 * sum of the run's minutes. With bounds within a minute its numbers must lie between those of the whole minutes inside
 * and those of all minutes that it touches.
 */
export function compareWithRun(report: UptimeReport, run: MinuteRun): Comparison {
  const fromMs = Number(report.fromMs);
  const toMs = Number(report.toMs);
  const differences: string[] = [];
  const before = hashInRun(run, fromMs);
  const at = hashInRun(run, toMs);
  if (before !== undefined && before !== report.previousMinuteHash) {
    differences.push(`previous_minute_hash is ${report.previousMinuteHash}, in the run it is ${before}`);
  }
  if (at !== undefined && at !== report.minuteHash) {
    differences.push(`minute_hash is ${report.minuteHash}, in the run it is ${at}`);
  }
  const hashes =
    differences.length > 0 ? 'different' : before === undefined || at === undefined ? null : 'equal';

  const inside = [Math.ceil(fromMs / minuteMs) * minuteMs, Math.floor(toMs / minuteMs) * minuteMs] as const;
  const touched = [Math.floor(fromMs / minuteMs) * minuteMs, Math.ceil(toMs / minuteMs) * minuteMs] as const;
  if (touched[0] < run.fromMs || touched[1] > run.toMs) return { hashes, sums: null, differences };
  const least = tallyOf(run, ...inside);
  const most = tallyOf(run, ...touched);
  const found = differences.length;
  for (const service of report.services) {
    const low = least.service(service.name, Math.max(0, inside[1] - inside[0]));
    const high = most.service(service.name, touched[1] - touched[0]);
    for (const sum of sumNames) {
      if (service[sum] >= BigInt(low[sum]) && service[sum] <= BigInt(high[sum])) continue;
      const expected = low[sum] === high[sum] ? `${low[sum]}` : `from ${low[sum]} to ${high[sum]}`;
      differences.push(`${sum} of ${service.name} is ${service[sum].toString()}, by the minutes ${expected}`);
    }
  }
  const names = report.services.map(({ name }) => name);
  const isWhole = inside[0] === touched[0] && inside[1] === touched[1];
  // Over other services than those of the minutes they say nothing of the time in which all were up.
  if (isWhole && rosterOf(most.names) === rosterOf(names) && most.allUpMs(names) !== Number(report.allUpMs)) {
    differences.push(`all_up_ms is ${report.allUpMs.toString()}, by the minutes ${most.allUpMs(names)}`);
  }
  const isEqual = differences.length === found;
  return { hashes, sums: isEqual ? (isWhole ? 'equal' : 'within') : null, differences };
}

function tallyOf(run: MinuteRun, fromMs: number, toMs: number): WindowTally {
  const tally = new WindowTally();
  for (const minute of run.minutes) {
    if (minute.minuteMs >= fromMs && minute.minuteMs < toMs) tally.add(minute);
  }
  return tally;
}
