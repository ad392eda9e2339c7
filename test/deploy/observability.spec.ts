import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alertKinds } from '#payments';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { load } from 'js-yaml';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type RunningDistributor,
  startDistributor,
  until,
} from '../../apps/distributor/src/testing/running-distributor.js';
import { startWatchedWorker } from '../../apps/worker/src/testing/running-worker.js';
import { readServices, repository } from './support/compose-file.js';
import { plainEnvironment, runCommand } from '../../scripts/rehearse/engine/run-command.js';

const folder = `${repository}deploy/observability/`;
const metricsToken = 'a token for metrics';

const promtool = (arguments_: string[], at: string) =>
  runCommand('promtool', arguments_, { environment: plainEnvironment(), folder: at });
const isPresent = await runCommand('sh', ['-c', 'command -v promtool'], { environment: plainEnvironment() });
const withPromtool = process.env.REQUIRE_PROMTOOL === '1' || isPresent.code === 0 ? describe : describe.skip;

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const dashboardSchema = z.object({
  uid: z.literal('uptime-payroll'),
  panels: z.array(
    z.looseObject({
      id: z.int(),
      title: z.string().min(1),
      gridPos: z.object({ x: z.int().min(0), y: z.int(), w: z.int(), h: z.int() }),
      targets: z.array(z.object({ expr: z.string() })).default([]),
    }),
  ),
});

const rules = rulesSchema
  .parse(load(await readFile(`${folder}prometheus/alerts.yml`, 'utf8')))
  .groups.flatMap((group) => group.rules);
const dashboard = dashboardSchema.parse(
  JSON.parse(await readFile(`${folder}grafana/dashboards/uptime-payroll.json`, 'utf8')),
);
const runbook = await readFile(`${repository}docs/operations.md`, 'utf8');
const sections = [...runbook.matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name);

withPromtool('the rules of Prometheus', () => {
  it('are sound, and fire and end when they should', async () => {
    expect(await promtool(['check', 'rules', 'alerts.yml'], `${folder}prometheus`)).toMatchObject({
      code: 0,
    });
    expect(await promtool(['test', 'rules', 'alerts.test.yml'], `${folder}prometheus`)).toMatchObject({
      code: 0,
    });
  });

  it('are tested by a test that notices what is missing', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'rules-'));
    try {
      const text = await readFile(`${folder}prometheus/alerts.yml`, 'utf8');
      await writeFile(
        join(copy, 'alerts.test.yml'),
        await readFile(`${folder}prometheus/alerts.test.yml`, 'utf8'),
      );
      // One stands for all: with each of them blinded in turn the test failed too, but that takes a minute.
      const [blinded] = rules.filter(({ alert }) => alert === 'TurnHangs');
      await writeFile(join(copy, 'alerts.yml'), text.replace(blinded?.expr ?? '', 'vector(0) > 1'));
      expect(await promtool(['test', 'rules', 'alerts.test.yml'], copy)).toMatchObject({ code: 1 });
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it('are read by a Prometheus as it is configured', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'prometheus-'));
    try {
      const text = await readFile(`${folder}prometheus/prometheus.yml`, 'utf8');
      await writeFile(join(copy, 'alerts.yml'), await readFile(`${folder}prometheus/alerts.yml`, 'utf8'));
      await writeFile(join(copy, 'token'), 'x');
      const here = text
        .replace('/etc/prometheus', copy)
        .replace('/run/prometheus/metrics-token', join(copy, 'token'));
      await writeFile(join(copy, 'prometheus.yml'), here);
      expect(await promtool(['check', 'config', 'prometheus.yml'], copy)).toMatchObject({ code: 0 });
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});

describe('what Prometheus and Grafana ask for', () => {
  let database: TestDatabase;
  let distributor: RunningDistributor;
  let worker: Awaited<ReturnType<typeof startWatchedWorker>>['worker'];
  let text: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    ({ worker } = await startWatchedWorker());
    distributor = await startDistributor({
      DATABASE_URL: database.url,
      METRICS_TOKEN: metricsToken.replaceAll(' ', '-'),
      PAYER_PRIVATE_KEY: `0x${'42'.repeat(32)}`,
      ETH_RPC_URL: 'http://127.0.0.1:1',
      CHAIN_ID: '31337',
      TOKEN_ADDRESS: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
      MAX_PAYOUT_USD: '1000',
      MAX_DAILY_PAYOUT_USD: '20000',
    });
    const headers = { authorization: `Bearer ${metricsToken.replaceAll(' ', '-')}` };
    const { body } = await until(
      () => distributor.ask('/metrics', { headers }),
      ({ body: page }) => String(page).includes('distributor_open_alerts{'),
    );
    text = `${String(body)}\n${await (await fetch(`${worker.url}/metrics`)).text()}`;
  });

  afterAll(async () => {
    await distributor.close();
    await worker.stop();
    await database.drop();
  });

  /** Every name that the two apps have told of, with what a histogram becomes. */
  const known = () =>
    new Set(
      [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? ['_bucket', '_count', '_sum'].map((end) => name + end) : [name],
      ),
    );
  const namesIn = (expression: string) =>
    [...expression.matchAll(/\b((?:distributor|worker|process|nodejs)_\w+)/g)].map(([, name = '']) => name);

  it('is there: every metric of every rule and of every panel', () => {
    const asked = [
      ...rules.map(({ expr }) => expr),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ].flatMap(namesIn);
    expect(asked.length).toBeGreaterThan(40);
    expect([...new Set(asked)].filter((name) => !known().has(name))).toEqual([]);
  });

  it('is named by the conventions: base units, _total for what only grows, a unit at the end', () => {
    const types = [...text.matchAll(/^# TYPE ((?:distributor|worker)_\w+) (\w+)$/gm)];
    expect(types.length).toBeGreaterThan(30);
    for (const [, name = '', type] of types) {
      expect({ name, isTotal: name.endsWith('_total') }).toEqual({ name, isTotal: type === 'counter' });
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|percent|percentage|kb|mb)(_|$)/);
      if (/age|duration|runway/.test(name)) expect(name).toMatch(/_seconds$/);
    }
  });

  withPromtool('by promtool', () => {
    it('is free of what its linter finds', async () => {
      const ours = text
        .split('\n')
        .filter((line) => /distributor_|worker_/.test(line))
        .join('\n');
      const file = join(await mkdtemp(join(tmpdir(), 'metrics-')), 'metrics');
      await writeFile(file, `${ours}\n`);
      const result = await runCommand('sh', ['-c', `promtool check metrics < ${file}`], {
        environment: plainEnvironment(),
      });
      expect(result).toMatchObject({ code: 0, stderr: '' });
    });
  });

  it('has a bounded number of series', () => {
    const series = text.split('\n').filter((line) => /^(distributor|worker)_/.test(line));
    expect(series.length).toBeLessThan(400);
  });
});

describe('the dashboard of Grafana', () => {
  it('has panels that do not lie on each other', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Set<string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect({ title, isTaken: taken.has(`${x} ${y}`) }).toEqual({ title, isTaken: false });
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});

describe('the profile observability', () => {
  it('starts Prometheus and Grafana only when asked, open to this host alone', () => {
    const services = readServices();
    for (const name of ['prometheus', 'grafana']) {
      expect(services[name]?.ports.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
      expect(services[name]?.read_only).toBe(true);
    }
  });
});

describe('docs/operations.md', () => {
  it('has a section about every kind of alert and every rule, and about nothing else', () => {
    const ruled = rules.map(({ alert, annotations }) => {
      const [, section] = annotations.runbook.split('#');
      expect(sections).toContain(section);
      return section === alert ? alert : undefined;
    });
    const expected = [...alertKinds, ...ruled.filter((name) => name !== undefined)];
    expect(sections.toSorted()).toEqual(expected.toSorted());
  });

  it('tells what each means and what to do', () => {
    for (const kind of alertKinds) {
      const [, text = ''] = new RegExp(`^### ${kind}\\n([\\s\\S]*?)(?=\\n##)`, 'm').exec(runbook) ?? [];
      expect(text).toMatch(/\*\*Means\*\*/);
      expect(text).toMatch(/\*\*Do\*\*/);
    }
  });
});
