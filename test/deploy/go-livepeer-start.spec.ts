import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './support/compose-file.js';
import { plainEnvironment, runCommand } from '../../scripts/rehearse/engine/run-command.js';

/** What the compose file always gives. */
const given = {
  LIVEPEER_NETWORK: 'arbitrum-one-mainnet',
  LIVEPEER_VERBOSITY: '4',
  ORCHESTRATOR_PRICE_PER_UNIT: '0',
  ORCHESTRATOR_ADDRESSES: 'https://livepeer-orchestrator:9995',
};
const gatewayNeeds = {
  ARBITRUM_RPC_URL: 'https://rpc.example',
  GATEWAY_ETH_PASSWORD: '/run/secrets/password',
};
const orchestratorNeeds = {
  ARBITRUM_RPC_URL: 'https://rpc.example',
  ORCHESTRATOR_ETH_PASSWORD: 'a password with blanks',
  ORCH_SECRET: 'orch-secret',
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'go-livepeer-start-'));
  // Stands in for the node: prints each argument on a line of its own.
  await writeFile(join(folder, 'livepeer'), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  await chmod(join(folder, 'livepeer'), 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(role: string, environment: Record<string, string>) {
  const base = plainEnvironment();
  const result = await runCommand('sh', [join(repository, 'deploy/go-livepeer/start.sh'), role], {
    environment: { ...base, PATH: `${folder}:${base.PATH ?? ''}`, ...given, ...environment },
  });
  return { ...result, flags: result.stdout.trimEnd().split('\n') };
}

describe('the start of go-livepeer', () => {
  it('gives the gateway its flags, ingest over HTTP among them', async () => {
    const { code, flags } = await start('gateway', gatewayNeeds);
    expect(code).toBe(0);
    expect(flags).toEqual([
      '-gateway',
      '-network=arbitrum-one-mainnet',
      '-ethUrl=https://rpc.example',
      '-ethPassword=/run/secrets/password',
      '-dataDir=/data',
      '-orchAddr=https://livepeer-orchestrator:9995',
      '-httpAddr=0.0.0.0:8935',
      '-httpIngest=true',
      '-rtmpAddr=0.0.0.0:1935',
      '-v=4',
    ]);
  });

  it('gives the orchestrator its flags, and keeps a password with blanks in one piece', async () => {
    const { code, flags } = await start('orchestrator', orchestratorNeeds);
    expect(code).toBe(0);
    expect(flags).toEqual([
      '-orchestrator',
      '-network=arbitrum-one-mainnet',
      '-ethUrl=https://rpc.example',
      '-ethPassword=a password with blanks',
      '-dataDir=/data',
      '-serviceAddr=livepeer-orchestrator:9995',
      '-orchSecret=orch-secret',
      '-pricePerUnit=0',
      '-v=4',
    ]);
  });

  it.each([
    ['https://172.23.0.7:9995/', '172.23.0.7:9995'],
    ['livepeer-orchestrator:9995', 'livepeer-orchestrator:9995'],
    [' https://orchestrator.example:9995// ', 'orchestrator.example:9995'],
  ])(
    'writes %j in one way for both nodes, so that the gateway finds the orchestrator',
    async (text, name) => {
      const gateway = await start('gateway', { ...gatewayNeeds, ORCHESTRATOR_ADDRESSES: text });
      const orchestrator = await start('orchestrator', {
        ...orchestratorNeeds,
        ORCHESTRATOR_ADDRESSES: text,
      });
      expect(gateway.flags).toContain(`-orchAddr=https://${name}`);
      expect(orchestrator.flags).toContain(`-serviceAddr=${name}`);
    },
  );

  it('hands several orchestrators to the gateway and asks the orchestrator which of them it is', async () => {
    const ORCHESTRATOR_ADDRESSES = 'https://one.example:9995/, https://two.example:9995,';
    const gateway = await start('gateway', { ...gatewayNeeds, ORCHESTRATOR_ADDRESSES });
    expect(gateway.flags).toContain('-orchAddr=https://one.example:9995,https://two.example:9995');
    const unsure = await start('orchestrator', { ...orchestratorNeeds, ORCHESTRATOR_ADDRESSES });
    expect(unsure.code).toBe(78);
    expect(unsure.stderr).toContain('ORCHESTRATOR_SERVICE_ADDR');
    const told = await start('orchestrator', {
      ...orchestratorNeeds,
      ORCHESTRATOR_ADDRESSES,
      ORCHESTRATOR_SERVICE_ADDR: 'two.example:9995',
    });
    expect(told.flags).toContain('-serviceAddr=two.example:9995');
  });

  it('passes extra flags on as words', async () => {
    const { flags } = await start('gateway', {
      ...gatewayNeeds,
      GATEWAY_EXTRA_FLAGS: '-maxTicketEV=1000 -depositMultiplier=1',
    });
    expect(flags.slice(-2)).toEqual(['-maxTicketEV=1000', '-depositMultiplier=1']);
  });

  it.each([
    ['gateway', ['ARBITRUM_RPC_URL', 'GATEWAY_ETH_PASSWORD']],
    ['orchestrator', ['ARBITRUM_RPC_URL', 'ORCHESTRATOR_ETH_PASSWORD', 'ORCH_SECRET']],
  ])('names all that the %s lacks and stops', async (role, names) => {
    const { code, stdout, stderr } = await start(role, {});
    expect(code).toBe(78);
    expect(stdout).toBe('');
    for (const name of names) expect(stderr).toContain(name);
  });

  it('refuses a role that it does not know', async () => {
    expect(await start('transcoder', gatewayNeeds)).toMatchObject({ code: 78 });
  });
});
