import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { isRunning } from '#platform';

import { DistributorClient } from '../support/distributor-client.js';
import {
  makeStateDir,
  removeStateDir,
  runProgram,
  type StackFacts,
  StackRun,
} from '../support/local-stack.js';
import { isListening } from '../support/listening.js';
import { waitUntil } from '../support/wait-until.js';

/** A newcomer without Docker: `npm start -- --period 10`. */
const environment = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

let stateDir: string;
let run: StackRun;
let facts: StackFacts;

beforeAll(async () => {
  stateDir = await makeStateDir();
  run = new StackRun({ stateDir, periodSeconds: 10, environment });
  facts = await run.facts();
}, 120_000);

afterAll(async () => {
  await run.stop();
  await removeStateDir(stateDir);
}, 60_000);

const services = (command: 'stop' | 'start', name: string) =>
  runProgram('apps/local/src/services.js', [command, name, '--state', stateDir], stateDir);

describe('the local stack without a Docker Engine', () => {
  it('says that its Engine is simulated', () => {
    expect(facts.docker).toBe('simulated');
    expect(run.output()).toMatch(/SIMULATED Engine with 7 services/);
  });

  it('pays the first period and settles it on the chain', async () => {
    await run.line(/100\.00 % up {2}✔ paid \$1\.66666[67]/);
    await run.line(/● \$\d\.\d{2,6} final for 0x000000…0001/);
  }, 120_000);

  it('verifies the complete flow, every step with a tick', async () => {
    const { code, output } = await runProgram('scripts/verify-complete-flow.js', [], stateDir);
    expect(output).not.toMatch(/✘|✗|✖/);
    expect({ code, output }).toMatchObject({ code: 0 });
  }, 180_000);

  it('leaves a period unpaid for a stopped service, by name, and pays again once it runs', async () => {
    await services('stop', 'autogen_agent');
    await run.line(/✘ unpaid: .*autogen_agent/, { from: run.now() });
    await services('start', 'autogen_agent');
    await run.line(/100\.00 % up {2}✔ paid/, { from: run.now() });
  }, 120_000);

  it('keeps its books over a restart, and Ctrl-C leaves no process and no port', async () => {
    const before = await (
      await DistributorClient.signIn(facts.distributor_url, facts.admin_password)
    ).assessments();
    const urls = [
      facts.worker_url,
      facts.distributor_url,
      facts.gateway_url,
      facts.orchestrator_url,
      facts.rpc_url,
    ];
    expect(await run.stop()).toBe(0);
    expect(isRunning(facts.pids.worker)).toBe(false);
    expect(isRunning(facts.pids.distributor)).toBe(false);
    expect(await Promise.all([...urls, facts.database_url].map(isListening))).not.toContain(true);

    run = new StackRun({ stateDir, environment });
    facts = await run.facts();
    const client = await DistributorClient.signIn(facts.distributor_url, facts.admin_password);
    const after = await client.assessments();
    expect(after.map(({ id }) => id)).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
    const { ok } = await waitUntil('a reconciliation', () => client.reconciliation());
    expect(ok).toBe(true);
  }, 180_000);

  it('recovers from being killed with all its processes left behind', async () => {
    const { pids } = facts;
    await run.kill();
    run = new StackRun({ stateDir, environment });
    facts = await run.facts();
    expect(isRunning(pids.worker)).toBe(false);
    expect(isRunning(pids.distributor)).toBe(false);
    await run.line(/✔ paid/);
  }, 180_000);

  it('refuses a second run beside the first', async () => {
    const second = new StackRun({ stateDir, environment });
    await second.line(/already runs here \(process \d+\)/);
    expect(await second.stop()).toBe(1);
  }, 60_000);

  it('refuses another period on existing books, and says how to get one', async () => {
    expect(await run.stop()).toBe(0);
    const other = new StackRun({ stateDir, periodSeconds: 20, environment });
    await other.line(/have a period of 10 s.*--fresh/);
    expect(await other.stop()).toBe(1);
  }, 60_000);
});
