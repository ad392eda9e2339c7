import type { ContainerFacts, Finding } from './observation.js';
import { type JudgedState, unknownBecause } from './service-state.js';

const stopped = new Set(['exited', 'created', 'dead', 'removing', 'restarting', 'paused']);

const up: JudgedState = { state: 'up', reason: null };
const down = (reason: string): JudgedState => ({ state: 'down', reason });
const unknown = (reason: string): JudgedState => ({ state: 'unknown', reason });

function judgeContainer({ status, paused, restarting, health }: ContainerFacts): JudgedState {
  if (stopped.has(status)) return down(status);
  // Docker says `Running: true` of paused and restarting containers too, and Podman has no such status words.
  if (paused) return down('paused');
  if (restarting) return down('restarting');
  if (status !== 'running') return unknown(unknownBecause.statusNotRecognised);
  switch (health) {
    case null:
    case 'healthy':
      return up;
    case 'starting':
      return { state: 'starting', reason: 'health check pending' };
    case 'unhealthy':
      return down('unhealthy');
    default:
      return unknown(unknownBecause.healthNotRecognised);
  }
}

/** The state that one inspection proves for the moment at which the Engine read it. */
export function judgeFinding(finding: Finding): JudgedState {
  switch (finding.kind) {
    case 'container':
      return judgeContainer(finding.container);
    case 'missing':
      return down('missing');
    case 'unanswered':
      return unknown(finding.reason);
  }
}
