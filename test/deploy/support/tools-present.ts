import { describe } from '@jest/globals';
import Docker from 'dockerode';
import { plainEnvironment, runCommand } from '../../../scripts/rehearse/engine/run-command.js';

const dockerRequired = process.env.REQUIRE_DOCKER === '1';

const enginePresent = async () =>
  new Docker({ timeout: 5000 }).ping().then(
    () => true,
    () => false,
  );

const programPresent = async (program: string) =>
  (await runCommand('sh', ['-c', `command -v ${program}`], { environment: plainEnvironment() })).code === 0;

/** Tests that need `docker-compose`, an Engine or HAProxy are reported as skipped without it, and fail when REQUIRE_DOCKER=1. */
export async function describeWith(
  ...needs: ('docker-compose' | 'haproxy' | 'engine')[]
): Promise<typeof describe | typeof describe.skip> {
  const present = await Promise.all(
    needs.map((need) => (need === 'engine' ? enginePresent() : programPresent(need))),
  );
  return dockerRequired || present.every(Boolean) ? describe : describe.skip;
}
