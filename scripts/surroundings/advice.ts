import type { JobOutcome } from '#livepeer';

/** What to look at when a job did not succeed, by what the gateway said. */
export function adviceFor(outcome: JobOutcome, capability: string): string | undefined {
  if (outcome.kind === 'success') return undefined;
  const said = outcome.body ?? outcome.detail;
  if (outcome.status === null && outcome.kind === 'transient') {
    return 'Is the gateway running, and is --gateway (GATEWAY_URL) its HTTP address (-httpAddr)?';
  }
  if (said.startsWith('No orchestrators found')) {
    return (
      `No orchestrator offered ${capability} within half a second. Is it running? Is the worker registered (wrong ORCH_SECRET?), ` +
      'is its capacity used up, and is --orchestrator spelled as in the gateway’s -orchAddr? After a lost connection it is back within 45 s.'
    );
  }
  if (outcome.status === 404) return 'The gateway needs -httpIngest=true to take jobs.';
  if (outcome.status === 429)
    return 'The worker has as many jobs as it may have at once: send fewer, or raise CAPABILITY_CAPACITY.';
  if (outcome.status === 409)
    return 'The window that was asked for is not settled yet: ask again in a few seconds.';
  if (outcome.status === 200) {
    return (
      'An empty or foreign 200 is how a gateway reports that orchestrator or worker failed. Is the worker up, and can the ' +
      'orchestrator reach it at CAPABILITY_URL?'
    );
  }
  if (outcome.status === null)
    return 'The connection ended before an answer: the log of the gateway says why.';
  return undefined;
}
