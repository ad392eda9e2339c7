import type { ContainerFacts, Observation } from './observation.js';
import { type JudgedState, unknownBecause } from './service-state.js';

/** Status words of a container whose process does not exist. */
export const ended: ReadonlySet<string> = new Set(['exited', 'created', 'dead', 'removing', 'restarting']);

const up: JudgedState = { state: 'up', reason: null };
const down = (reason: string): JudgedState => ({ state: 'down', reason });
const unknown = (reason: string): JudgedState => ({ state: 'unknown', reason });

function judgeHealth({ health, healthStaleMs }: ContainerFacts, atMs: number): JudgedState {
  switch (health) {
    case null:
      return up;
    case 'healthy':
      // Without a result to show for it the word is worth nothing.
      return healthStaleMs !== null && atMs < healthStaleMs ? up : unknown(unknownBecause.healthStale);
    case 'starting':
      return { state: 'starting', reason: 'health check pending' };
    case 'unhealthy':
      return down('unhealthy');
    default:
      return unknown(unknownBecause.healthNotRecognised);
  }
}

function judgeContainer(container: ContainerFacts, atMs: number): JudgedState {
  const { status, paused, restarting, mismatch } = container;
  if (ended.has(status)) return down(status);
  // Docker says `Running: true` of paused and restarting containers too, and Podman has no such status words.
  if (status === 'paused' || paused) return down('paused');
  if (restarting) return down('restarting');
  if (status !== 'running') return unknown(unknownBecause.statusNotRecognised);
  return mismatch === null ? judgeHealth(container, atMs) : down(`identity mismatch: ${mismatch}`);
}

/** The state that one inspection proves for the moment at which the Engine read it. */
export function judgeObservation({ finding, answeredAt }: Observation): JudgedState {
  switch (finding.kind) {
    case 'container':
      return judgeContainer(finding.container, answeredAt.wallMs);
    case 'missing':
      return down('missing');
    case 'unanswered':
      return unknown(finding.reason);
  }
}
