import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { distributorVariables } from '../../apps/distributor/src/distributor.config.js';
import { workerVariables } from '../../apps/worker/src/worker.config.js';
import { composeFile, readServices, repository } from './support/compose-file.js';

const read = (file: string) => readFileSync(`${repository}${file}`, 'utf8');
const namesIn = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, name]) => name ?? '').sort();
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

/** Set by the images or the compose file itself: a value from .env would break the containers. */
const setByTheContainers = [
  'DATABASE_URL_FILE',
  'DATA_DIR',
  'DOCKER_HOST',
  'NODE_ENV',
  'PORT',
  'WORKER_DATA_DIR',
  'WORKER_PORT',
];

const inExample = namesIn(read('.env.example'), /^(?:# )?([A-Z][A-Z0-9_]+)=/gm);
const inDocument = namesIn(read('docs/configuration.md'), /^\| `([A-Z][A-Z0-9_]+)`/gm);
const services = readServices();

/** Names that the compose file takes from .env: as `${NAME…}` anywhere, or handed through without a value. */
const takenByCompose = sorted([
  ...namesIn(readFileSync(composeFile, 'utf8'), /\$\{([A-Z][A-Z0-9_]*)/g),
  ...Object.values(services).flatMap(({ environment }) =>
    Object.keys(environment).filter((name) => environment[name] === null),
  ),
]);

describe('.env.example', () => {
  it('names every variable of both apps and of the compose file once, and no other', () => {
    expect(inExample).toEqual(sorted([...workerVariables, ...distributorVariables, ...takenByCompose]));
  });

  it('sets nothing but the two that a person must think of', () => {
    const set = namesIn(read('.env.example'), /^([A-Z][A-Z0-9_]+)=/gm);
    expect(set).toEqual(['ADMIN_PASSWORD', 'ORCHESTRATOR_ADDRESSES']);
  });
});

describe('docs/configuration.md', () => {
  it('explains every variable', () => {
    expect(sorted(inDocument)).toEqual(inExample);
  });
});

describe('the compose file', () => {
  it.each([
    ['livepeer-worker', workerVariables],
    ['payment-distributor', distributorVariables],
  ])('hands every variable to %s that the images do not set', (service, variables) => {
    const handed = Object.keys(services[service]?.environment ?? {});
    const expected = variables.filter((name) => !setByTheContainers.includes(name));
    expect(handed.filter((name) => !setByTheContainers.includes(name)).sort()).toEqual(sorted(expected));
  });
});
