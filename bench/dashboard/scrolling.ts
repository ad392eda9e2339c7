import type { Browser, CDPSession, Page } from 'playwright-core';
import { z } from 'zod';

import type { Measurement } from '../benchmark.js';
import { percentile } from '../run/statistics.js';
import { type Door, openWindow, signIn } from './chromium.js';

/** A screen shows a frame every 16.7 ms; an eye forgives one that is left out now and then, but not two. */
const frameTargetMs = 34;
/** Of the 16.7 ms of a frame, so that the browser has time for everything else; unlike the frames' times it knows no load. */
const workTargetMs = 10;
/** From here on the W3C calls a task long: whoever types or points meanwhile notices. */
const taskTargetMs = 50;

/** Pages that grow with the fleet, by their path behind `#/`. `choose` is pressed first; `until` is there when all has come. */
const longPages = [
  { what: 'on air, minutes', path: '', until: '[aria-valuemax="59"]' },
  { what: 'on air, hours', path: '', choose: 'Hours', until: '[aria-valuemax="47"]' },
  { what: 'on air, days', path: '', choose: 'Days', until: '[aria-valuemax="29"]' },
  { what: 'money', path: 'money', until: '[aria-label=Balances] tbody tr' },
  { what: 'payouts', path: 'payouts', until: 'tbody tr' },
  { what: 'orchestrators', path: 'orchestrators', until: 'tbody tr' },
  { what: 'alerts', path: 'alerts', until: 'tbody tr' },
  { what: 'audit log', path: 'audit', until: 'tbody tr' },
] as const;

const seen = z.object({
  frames: z.array(z.number()).min(1),
  tasks: z.array(z.number()),
  elements: z.int(),
  heightPx: z.number(),
});
type Seen = z.output<typeof seen> & { workMs: number };

const metrics = z.object({ metrics: z.array(z.object({ name: z.string(), value: z.number() })) });

/** Seconds that the page's own thread has run. */
async function threadSeconds(session: CDPSession): Promise<number> {
  const { metrics: all } = metrics.parse(await session.send('Performance.getMetrics'));
  return all.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN;
}

/** Down to the end, some 5,000 pixels a second: what is drawn, laid out or painted late makes its frame late. */
const scroll = `(async (stepPx) => {
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((task) => task.duration)));
  observer.observe({ type: 'longtask' });
  const frames = [];
  let before = await new Promise(requestAnimationFrame);
  const step = async (px) => {
    const from = scrollY;
    scrollBy(0, px);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
    return scrollY !== from;
  };
  while (await step(stepPx));
  await new Promise((done) => setTimeout(done, 0));
  tasks.push(...observer.takeRecords().map((task) => task.duration));
  observer.disconnect();
  return { frames, tasks, elements: document.getElementsByTagName('*').length, heightPx: document.documentElement.scrollHeight };
})(80)`;

async function scrollThrough(page: Page, session: CDPSession): Promise<Seen> {
  const before = await threadSeconds(session);
  const what = seen.parse(await page.evaluate(scroll));
  return { ...what, workMs: (1_000 * ((await threadSeconds(session)) - before)) / what.frames.length };
}

/** How evenly each long page moves. */
export async function measureScrolling(
  browser: Browser,
  { url, password }: Door,
  progress: (text: string) => void,
): Promise<Measurement[]> {
  const page = await openWindow(browser);
  await page.goto(url);
  await signIn(page, password);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const measurements: Measurement[] = [];
  for (const { what, path, until, ...rest } of longPages) {
    progress(`dashboard: scrolling ${what}`);
    await page.goto(`${url}/#/${path}`);
    if ('choose' in rest) await page.getByRole('button', { name: rest.choose, exact: true }).click();
    await page.locator(until).first().waitFor();
    measurements.push(...figuresOf(what, await scrollThrough(page, session)));
  }
  await page.context().close();
  return measurements;
}

function figuresOf(what: string, { frames, tasks, elements, heightPx, workMs }: Seen): Measurement[] {
  const screens = Math.round(heightPx / 860);
  return [
    {
      ...{ what: `${what}: a frame, 95 of 100`, unit: 'ms', value: percentile(frames, 0.95) },
      ...{ worst: Math.max(...frames), target: { atMost: frameTargetMs } },
      beside: `${frames.length} frames, ${screens} screens, ${elements.toLocaleString('en-US')} elements`,
    },
    {
      ...{ what: `${what}: work for a frame`, unit: 'ms', value: workMs, target: { atMost: workTargetMs } },
      beside: "processor time of the page's thread",
    },
    {
      ...{ what: `${what}: tasks of ${taskTargetMs} ms and more`, unit: 'count', value: tasks.length },
      ...{ target: { exactly: 0 }, beside: tasks.length === 0 ? '' : `the longest ${Math.max(...tasks)} ms` },
    },
  ];
}
