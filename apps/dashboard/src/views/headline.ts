import type { Status } from '../api/shapes.js';
import { time } from '../format.js';
import { stateWords, type Tone } from '../words.js';

type Orchestrators = Pick<Status, 'orchestrators'>;

export function headline({ orchestrators }: Orchestrators): string {
  const [first] = orchestrators;
  if (first === undefined) return 'Nobody to watch yet';
  if (orchestrators.every(({ state }) => state === 'waiting')) return 'The first period is under way';
  const on = orchestrators.filter(({ state }) => state === 'on_air').length;
  if (on === orchestrators.length) return on === 1 ? 'On air' : `All ${on} on air`;
  return orchestrators.length === 1 ? stateWords[first.state] : `${on} of ${orchestrators.length} on air`;
}

export function lampTone({ orchestrators }: Orchestrators): Tone {
  const on = orchestrators.filter(({ state }) => state === 'on_air').length;
  if (orchestrators.every(({ state }) => state === 'waiting' || state === 'paused' || state === 'unknown'))
    return 'unknown';
  if (on === orchestrators.length) return 'up';
  return on > 0 ? 'partly' : 'down';
}

export const subline = ({ last_period: last, period_seconds: seconds }: Status): string =>
  last === null
    ? `A period lasts ${seconds} s. The first full one decides who is on air.`
    : `As of the period from ${time(last.start)} to ${time(last.end)}.`;
