import { element } from './dom.js';
import { percent, time } from './format.js';

const states = {
  on_air: ['On air', 'up'],
  degraded: ['Partly off air', 'partly'],
  off_air: ['Off air', 'down'],
  unknown: ['No word', 'unknown'],
  waiting: ['Waiting', 'unknown'],
  paused: ['Paused', 'unknown'],
};

const serviceWords = { up: '', partly: 'for a part', down: 'down', starting: 'starting', unknown: 'unknown' };

const tones = { paid: 'up', unpaid: 'down', pending: 'partly' };

/** How many periods the strip shows. */
const stripLength = 60;

export function headline({ orchestrators }) {
  if (orchestrators.length === 0) return 'Nobody to watch yet';
  if (orchestrators.every(({ state }) => state === 'waiting')) return 'The first period is under way';
  const on = orchestrators.filter(({ state }) => state === 'on_air').length;
  if (on === orchestrators.length) return on === 1 ? 'On air' : `All ${on} on air`;
  return orchestrators.length === 1
    ? states[orchestrators[0].state][0]
    : `${on} of ${orchestrators.length} on air`;
}

export function lampState({ orchestrators }) {
  const on = orchestrators.filter(({ state }) => state === 'on_air').length;
  if (orchestrators.every(({ state }) => ['waiting', 'paused', 'unknown'].includes(state))) return 'none';
  if (on === orchestrators.length) return 'on';
  return on > 0 ? 'some' : 'off';
}

export const subline = ({ last_period: last, period_seconds: seconds }) =>
  last === null
    ? `A period lasts ${seconds} s. The first full one decides who is on air.`
    : `As of the period from ${time(last.start)} to ${time(last.end)}.`;

export function orchestratorCards(orchestrators, assessments) {
  if (orchestrators.length === 0) {
    return [
      element('p', { class: 'empty' }, 'Add an orchestrator with ORCHESTRATOR_ADDRESSES or through the API.'),
    ];
  }
  return orchestrators.map((orchestrator) =>
    card(
      orchestrator,
      assessments.filter(({ orchestrator_id: id }) => id === orchestrator.id),
    ),
  );
}

function card({ name, state, uptime_percentage: uptime, services }, assessments) {
  const [word, tone] = states[state];
  // Seven times "unknown" would say no more than the state does.
  const unheard = state === 'unknown' || state === 'waiting';
  return element(
    'article',
    { class: 'orchestrator' },
    element(
      'div',
      { class: 'orchestrator-head' },
      element('h3', {}, name),
      element('span', { class: 'pill', 'data-tone': tone }, word),
      uptime === null ? null : element('p', { class: 'uptime' }, `${percent(uptime)} of the last period`),
    ),
    element(
      'ul',
      { class: 'services', 'aria-label': `Services of ${name}` },
      services.map((service) =>
        element(
          'li',
          { class: 'service', 'data-state': service.state },
          service.name,
          service.state === 'up' || unheard ? null : element('em', {}, serviceWords[service.state]),
        ),
      ),
    ),
    assessments.length === 0 ? null : strip(assessments),
  );
}

/** The newest on the right, as one reads time. */
function strip(assessments) {
  const newest = assessments.slice(0, stripLength).reverse();
  const paid = newest.filter(({ decision }) => decision === 'paid').length;
  return element(
    'div',
    { class: 'strip', role: 'img', 'aria-label': `${paid} of the last ${newest.length} periods were paid` },
    newest.map((assessment) =>
      element('span', {
        'data-tone': tones[assessment.decision],
        title: `${time(assessment.period_start)}: ${assessment.decision}, ${percent(assessment.uptime_percentage) || 'no evidence'}`,
      }),
    ),
  );
}
