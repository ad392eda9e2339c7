import type { Benchmark, BenchmarkContext, Measurement, Section } from '../benchmark.js';
import { addOrchestrators, createBooks, describeServer, startServer } from '../books/bench-books.js';
import { medianAndLargest } from '../run/statistics.js';
import { chromiumIsInstalled, startChromium } from './chromium.js';
import { askTimed, type DistributorProgram, startDistributorProgram } from './distributor-program.js';
import { fillHistory } from './fill-history.js';
import { measureScrolling } from './scrolling.js';
import { measureUsable, startLocalStack } from './usable.js';

const full = { orchestrators: 500, days: 30, assessedHours: 24, reportedMinutes: 130, rounds: 20 };
const quick = { orchestrators: 5, days: 2, assessedHours: 1, reportedMinutes: 10, rounds: 2 };

const targetMs = 300;

/** What each view asks for when it is opened. */
const viewsOf = (orchestrator: string, payout: string): Record<string, string> => ({
  'on air: everybody now': 'status',
  'on air: minutes of everybody': 'history/fleet?by=minute',
  'on air: hours of everybody': 'history/fleet?by=hour',
  'on air: days of everybody': 'history/fleet?by=day',
  'money: balances': 'balances',
  'money: earned by hour': 'history/earnings?by=hour',
  'money: earned by day': 'history/earnings?by=day',
  'orchestrator: minutes, with the reports': `orchestrators/${orchestrator}/history?by=minute`,
  'orchestrator: hours': `orchestrators/${orchestrator}/history?by=hour`,
  'orchestrator: days': `orchestrators/${orchestrator}/history?by=day`,
  'orchestrator: the newest periods': `assessments?orchestrator_id=${orchestrator}&limit=30&evidence=false`,
  'orchestrator: those not paid': `assessments?orchestrator_id=${orchestrator}&limit=30&evidence=false&decision=unpaid`,
  'orchestrators: a page': 'orchestrators?limit=100',
  'payouts: a page': 'payments?limit=100',
  'payouts: one': `payments/${payout}`,
  'rates and rules': 'rates?limit=100',
  alerts: 'alerts?state=open&limit=100',
  'audit log: a page': 'audit?limit=50',
});

/** Every view of the dashboard with a month of 500 orchestrators behind it. */
export const dashboard: Benchmark = {
  about: 'every view with 500 orchestrators and 30 days of history',
  async run(context: BenchmarkContext) {
    const { cleanUp } = context;
    const progress = (text: string) => {
      context.progress(text);
    };
    const size = context.quick ? quick : full;
    progress('dashboard: starting PostgreSQL');
    const server = await startServer(cleanUp);
    const { url, owner } = await createBooks(server, 'dashboard', cleanUp);
    const payees = Array.from({ length: size.orchestrators }, (_none, number) => ({
      url: `http://127.0.0.1:1/${number}`,
      address: `0x${(number + 1).toString(16).padStart(40, '0')}`,
    }));
    const now = new Date();
    await addOrchestrators(owner, payees, new Date(now.getTime() - size.days * 86_400_000));
    progress(`dashboard: filling ${size.days} days of ${size.orchestrators} orchestrators`);
    await fillHistory(owner, now, size);
    progress('dashboard: starting the distributor');
    const distributor = await startDistributorProgram(url, cleanUp);
    const measurements = await askEveryView(distributor, size.rounds, progress);
    const about =
      `${size.orchestrators} orchestrators of seven services, ${size.days} days: sums by hour and day of all of it, ` +
      `${size.assessedHours} hours of assessments, ${size.reportedMinutes} minutes of reports. Each question ${size.rounds} times, one after ` +
      'the other, over HTTP with the answer read to its end; an answer that is kept for a second is asked for after more than that.';
    return {
      sections: [
        { title: 'every view', about, measurements },
        ...(await sectionsOfBrowser(context, distributor, size.rounds)),
      ],
      surroundings: { PostgreSQL: await describeServer(owner) },
    };
  },
};

async function askEveryView(
  distributor: DistributorProgram,
  rounds: number,
  progress: (text: string) => void,
): Promise<Measurement[]> {
  const firstId = async (path: string) => (await askTimed(distributor, path)).firstId;
  const views = viewsOf(await firstId('orchestrators?limit=1'), await firstId('payments?limit=1'));
  const measurements: Measurement[] = [];
  for (const [what, path] of Object.entries(views)) {
    progress(`dashboard: ${what}`);
    const answers: { ms: number; bytes: number }[] = [];
    for (let round = 0; round < rounds; round += 1) answers.push(await askTimed(distributor, path));
    measurements.push({
      ...{ what, unit: 'ms', target: { atMost: targetMs } },
      ...medianAndLargest(answers.map(({ ms }) => ms)),
      beside: `${Math.ceil((answers[0]?.bytes ?? 0) / 1_000)} kB`,
    });
  }
  return measurements;
}

/** In a real Chromium; without one there is nothing to say. */
async function sectionsOfBrowser(
  context: BenchmarkContext,
  distributor: DistributorProgram,
  rounds: number,
): Promise<Section[]> {
  if (!(await chromiumIsInstalled())) return [];
  const { cleanUp } = context;
  const progress = (text: string) => {
    context.progress(text);
  };
  const browser = await startChromium(cleanUp);
  const scrolling = await measureScrolling(browser, distributor, progress);
  progress('dashboard: usable with the month');
  const month = await measureUsable(browser, distributor, { where: 'the month above', rounds });
  progress('dashboard: starting the local stack');
  const stack = await startLocalStack(cleanUp);
  progress('dashboard: usable on the local stack');
  const local = await measureUsable(browser, stack, { where: 'local stack', rounds });
  return [
    {
      title: 'scrolling',
      about:
        'Headless Chromium, painted by the processor, in a window of 1280 × 860: each page to its end by 80 pixels a frame. ' +
        'The worst is the longest frame.',
      measurements: scrolling,
    },
    {
      title: 'usable',
      about:
        `Each ${rounds} times in a window of its own: from the navigation until a password can be typed, from Enter until the ` +
        'uptime bars stand, and with the page in the cache from a reload until they stand again.',
      measurements: [...local, ...month],
    },
  ];
}
