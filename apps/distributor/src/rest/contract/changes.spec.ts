import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type Operation, parametersIn } from '#platform/testing';
import { z } from 'zod';
import { type Change, changes } from '../../testing/contract/changes.js';
import { type ContractRig, startContractRig } from '../../testing/contract/contract-rig.js';
import { faultsOf, namingFaults, problemFaults } from '../../testing/contract/faults.js';

const auditEntry = z.object({ id: z.string().transform(BigInt) });
const entryId = (entry: unknown): bigint => auditEntry.parse(entry).id;

/** What makes a request another one. */
const otherwise: Readonly<Record<string, object>> = {
  'POST /api/v1/orchestrators': { name: 'another' },
  'POST /api/v1/policies': { min_uptime: 96 },
  'POST /api/v1/adjustments': { reason: 'another reason' },
  'POST /api/v1/alerts/silences': { reason: 'another reason' },
};

describe('every route that changes something', () => {
  let rig: ContractRig;

  beforeAll(async () => {
    rig = await startContractRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  const newestEntry = async () => (await rig.itemsOf('audit?limit=1')).map(entryId)[0] ?? 0n;

  /** What the audit log has got since, of one action. */
  const entriesSince = async (newest: bigint, action: string) =>
    (await rig.itemsOf(`audit?action=${encodeURIComponent(action)}`)).filter(
      (entry) => entryId(entry) > newest,
    );

  it('is known here, and nothing is that is no route', () => {
    expect(Object.keys(changes).sort()).toEqual(rig.routes.changing.map(({ name }) => name).sort());
  });

  it('leaves who, what, before and after in the audit log', async () => {
    const faults = await faultsOf(rig.routes.changing, async (operation) => {
      const change = changes[operation.name];
      if (!change) return [`${operation.name}: is not known`];
      const id = await change.id?.(rig);
      const newest = await newestEntry();
      const body = change.body?.(rig);
      const path = operation.path.replace(/\{\w+\}/, id ?? '');
      const answer = await rig.call(operation, path, body === undefined ? {} : { body });
      if (change.refused !== undefined) {
        return problemFaults(rig, operation, 'as things are', answer, change.refused);
      }
      const found =
        answer.status < 300 ? [] : [`${operation.name}: ${answer.status} ${JSON.stringify(answer.body)}`];
      return [
        ...found,
        ...rig.schemas.faultsOf(operation, answer),
        ...(await auditFaults(operation, change, id, newest)),
      ];
    });
    expect(faults).toEqual([]);
  });

  async function auditFaults(
    { name }: Operation,
    { audit, subject }: Change,
    id: string | undefined,
    newest: bigint,
  ): Promise<string[]> {
    if (audit === null) return [];
    const found: string[] = [];
    const entries = await entriesSince(newest, audit);
    const named = entries.filter((entry) => String(entry.subject).includes(subject ?? id ?? ''));
    if (named.length === 0) found.push(`${name}: no '${audit}' in the audit log`);
    if (named.some(({ actor }) => actor !== 'admin')) found.push(`${name}: the entry does not say who`);
    if (named.some(({ before, after }) => before === null && after === null)) {
      found.push(`${name}: the entry says neither before nor after`);
    }
    return found;
  }

  const takesKeys = (operation: Operation) =>
    parametersIn(operation, 'header').some(({ name }) => name === 'Idempotency-Key');

  it('takes an Idempotency-Key when it creates, or says why it needs none', () => {
    const creating = rig.routes.changing.filter(({ responses }) => '201' in responses);
    const without = creating.filter((operation) => !takesKeys(operation));
    expect(without.map(({ name, description }) => [name, description])).toEqual([
      ['POST /api/v1/reconciliation/runs', expect.stringContaining('needs no Idempotency-Key')],
    ]);
    expect(
      creating
        .filter(takesKeys)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(otherwise).sort());
  });

  it('is done once under a key, at once or later, and refused with another content or elsewhere', async () => {
    const creating = rig.routes.changing.filter(takesKeys);
    const faults = await faultsOf(creating, async (operation) => {
      const { name, path } = operation;
      const body = z.record(z.string(), z.unknown()).parse(changes[name]?.body?.(rig));
      const newest = await newestEntry();
      const ask = (key: string, content: unknown = body, to: Operation = operation) =>
        rig.call(to, to.path, { body: content, headers: { 'idempotency-key': key } });
      const found: string[] = [];
      const answers = await Promise.all([1, 2, 3, 4].map(() => ask(`key of ${path}`)));
      answers.push(await ask(`key of ${path}`));
      for (const answer of answers) found.push(...rig.schemas.faultsOf(operation, answer));
      const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
      if (statuses.join() !== '200,200,200,200,201') found.push(`${name}: answered ${statuses.join()}`);
      if (new Set(answers.map((answer) => JSON.stringify(answer.body))).size !== 1)
        found.push(`${name}: the answers differ`);
      const done = await entriesSince(newest, changes[name]?.audit ?? '');
      if (done.length !== 1) found.push(`${name}: done ${done.length} times`);

      const fields = ['Idempotency-Key'];
      const other = await ask(`key of ${path}`, { ...body, ...otherwise[name] });
      found.push(
        ...namingFaults(rig, operation, 'with other content', { answer: other, status: 422, fields }),
      );
      const long = await ask('x'.repeat(201));
      found.push(...namingFaults(rig, operation, 'with a long key', { answer: long, status: 422, fields }));
      return found;
    });
    expect(faults).toEqual([]);
    expect((await rig.itemsOf('audit?action=orchestrator created&limit=200')).length).toBeGreaterThan(0);
  });
});
