import { setImmediate } from 'node:timers/promises';

import { openHistory } from '#monitoring/testing';

import { answerWith, settingsOf } from '../run/answering.js';
import { askWindowsSchema, historySchema } from './windows-protocol.js';

const hourMs = 3_600_000;
const settings = settingsOf(historySchema);
const history = openHistory(settings);

answerWith(askWindowsSchema, async ({ questions, warmUps, windowMs }) => {
  const times: number[] = [];
  let checksum = 0;
  for (let n = 0; n < questions + warmUps; n++) {
    const fromMs = settings.startMs + Math.floor(Math.random() * (settings.hours * hourMs - windowMs));
    const askedMs = performance.now();
    checksum += history.measure(fromMs, fromMs + windowMs).allUpMs;
    if (n >= warmUps) times.push(performance.now() - askedMs);
    if (n % 50 === 0) await setImmediate();
  }
  history.close();
  if (checksum === 0) throw new Error('nothing was up');
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { medianMs: at(0.5), p99Ms: at(0.99), worstMs: times.at(-1) ?? Number.NaN };
});
