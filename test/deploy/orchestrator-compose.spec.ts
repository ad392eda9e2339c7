import { describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readComposeFile, repository } from './support/compose-file.js';

const file = z.object({
  services: z.record(z.string(), z.unknown()),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.record(z.string(), z.unknown()),
});

describe("the orchestrator's compose file", () => {
  const manager = file.parse(readComposeFile());
  const own = file.parse(load(readFileSync(`${repository}docker-compose.orchestrator.yml`, 'utf8')));

  it('has the worker, its proxy and an orchestrator, and nothing of the payer', () => {
    expect(Object.keys(own.services).sort()).toEqual([
      'docker-proxy',
      'livepeer-orchestrator',
      'livepeer-worker',
    ]);
  });

  it.each(Object.keys(own.services))("says of %s what the manager's file says", (name) => {
    expect(own.services[name]).toEqual(manager.services[name]);
  });

  it('has the networks and volumes that it uses, as they are there', () => {
    expect(own.networks).toEqual(manager.networks);
    expect(Object.keys(own.volumes).sort()).toEqual(['orchestrator-data', 'worker-data']);
  });
});
