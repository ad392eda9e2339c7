import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, documentationFaults, type Operation } from '#platform/testing';
import { z } from 'zod';
import { nobody, page, problem } from '../testing/rest-rig.js';
import type { Answer } from '../testing/running-distributor.js';
import { changes } from '../testing/contract/changes.js';
import { type ContractRig, startContractRig } from '../testing/contract/contract-rig.js';

/** Routes that anyone may ask. */
const isPublic = ({ name }: Operation) =>
  !name.includes('/api/v1/') || /auth\/(login|siwe)|GET \/api\/v1\/status$/.test(name);

const isJson = (operation: Operation) =>
  Object.values(operation.responses).some(({ content }) => 'application/json' in content);

const auditEntry = z.object({ id: z.string().transform(BigInt) });
const entryId = (entry: unknown): bigint => auditEntry.parse(entry).id;

describe('every route of the OpenAPI document', () => {
  let rig: ContractRig;

  beforeAll(async () => {
    rig = await startContractRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  const api = () => rig.operations.filter(({ path }) => path.startsWith('/api/v1/'));
  const guarded = () => api().filter((operation) => !isPublic(operation));
  // What only a payee may read is read with a payee's token, in its own tests.
  const reading = () =>
    guarded().filter(({ method, path }) => method === 'GET' && !path.startsWith('/api/v1/payee'));
  const changing = () => guarded().filter(({ method }) => method !== 'GET');
  const lists = () =>
    reading().filter((operation) => operation.parameters.some(({ name }) => name === 'cursor'));

  /** With something that exists in place of `{id}`. */
  async function existing({ path }: Operation): Promise<string | undefined> {
    if (!path.includes('{')) return path;
    const [list = ''] = path.split('/{');
    const answer = await rig.distributor.ask(list, { token: rig.token });
    const first = page.safeParse(answer.body).data?.items[0];
    return first === undefined ? undefined : path.replace(/\{\w+\}/, String(first.id));
  }

  const asProblem = (operation: Operation, what: string, answer: Answer, status: number): string[] => {
    if (answer.status !== status)
      return [`${operation.name}: ${what} answered ${answer.status}, not ${status}`];
    const faults = rig.schemas.faultsOf(operation, answer, `${operation.name} (${what})`);
    return problem.safeParse(answer.body).success
      ? faults
      : [...faults, `${operation.name}: ${what} is no problem`];
  };

  const newestEntry = async () => (await rig.itemsOf('audit?limit=1')).map(entryId)[0] ?? 0n;

  async function faultsOf(
    operations: readonly Operation[],
    check: (operation: Operation) => Promise<string[]>,
  ): Promise<string[]> {
    const faults: string[] = [];
    for (const operation of operations) faults.push(...(await check(operation)));
    return faults;
  }

  it('is explained, has types to the last field, and allows no other fields', () => {
    expect(rig.operations.length).toBeGreaterThan(35);
    expect(documentationFaults(rig.document, api())).toEqual([]);
  });

  it('names the errors that it may answer', () => {
    const faults = guarded().flatMap(({ name, method, responses, parameters, requestBody }) => {
      const due = ['401', '503', ...(method === 'GET' ? [] : ['403'])];
      if (parameters.length > 0 || requestBody) due.push('400');
      if (parameters.some((one) => one.in === 'path')) due.push('404');
      return due.filter((status) => !(status in responses)).map((status) => `${name}: ${status}`);
    });
    expect(faults).toEqual([]);
  });

  it('refuses who has no token, a made-up one, and one that has expired', async () => {
    const stranger = rig.token.replace(/\.[^.]+$/, '.c2lnbmF0dXJl');
    const faults = await faultsOf(guarded(), async (operation) => {
      const path = operation.path.replace(/\{\w+\}/, nobody);
      const answers = await Promise.all(
        [undefined, 'nonsense', stranger, rig.expired].map((token) =>
          rig.distributor.ask(path, { method: operation.method, ...(token !== undefined && { token }) }),
        ),
      );
      return answers.flatMap((answer, index) => [
        ...asProblem(operation, `token ${index}`, answer, 401),
        ...(answer.headers.has('www-authenticate') ? [] : [`${operation.name}: no www-authenticate`]),
      ]);
    });
    expect(faults).toEqual([]);
  });

  it('lets a viewer read and change nothing', async () => {
    const faults = await faultsOf(changing(), async (operation) => {
      const path = operation.path.replace(/\{\w+\}/, nobody);
      const answer = await rig.call(operation, path, { token: rig.viewer, body: {} });
      return asProblem(operation, 'a viewer', answer, 403);
    });
    expect(faults).toEqual([]);
  });

  it('answers what it says: fields, types, and nothing besides', async () => {
    const faults = await faultsOf(
      [...rig.operations.filter(isPublic), ...reading()].filter(
        (operation) => operation.method === 'GET' && isJson(operation),
      ),
      async (operation) => {
        const path = await existing(operation);
        if (path === undefined) return [];
        const answer = await rig.call(operation, path, { token: rig.viewer });
        // 409: what only a chain knows, and here there is none.
        const unexpected = [200, 409].includes(answer.status)
          ? []
          : [`${operation.name}: answered ${answer.status}`];
        return [...unexpected, ...rig.schemas.faultsOf(operation, answer)];
      },
    );
    expect(faults).toEqual([]);
  });

  it('is known here when it changes something', () => {
    const known = new Set(Object.keys(changes));
    expect(
      changing()
        .filter(({ name }) => !known.has(name))
        .map(({ name }) => name),
    ).toEqual([]);
  });

  it('leaves who, what, before and after in the audit log when it changes something', async () => {
    const byName = new Map(rig.operations.map((operation) => [operation.name, operation]));
    const faults: string[] = [];
    for (const [name, change] of Object.entries(changes)) {
      const operation = byName.get(name);
      if (!operation) continue;
      const id = await change.id?.(rig);
      const path = operation.path.replace(/\{\w+\}/, id ?? '');
      const newest = await newestEntry();
      const body = change.body?.(rig);
      const answer = await rig.call(operation, path, body === undefined ? {} : { body });
      if (change.refused !== undefined) {
        faults.push(...asProblem(operation, 'as things are', answer, change.refused));
        continue;
      }
      if (answer.status >= 300) faults.push(`${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
      faults.push(...rig.schemas.faultsOf(operation, answer));
      if (change.audit === null) continue;
      const entries = (await rig.itemsOf(`audit?action=${encodeURIComponent(change.audit)}`)).filter(
        (entry) => entryId(entry) > newest,
      );
      const named = entries.filter(({ subject }) => String(subject).includes(change.subject ?? id ?? ''));
      if (named.length === 0) faults.push(`${name}: no '${change.audit}' in the audit log`);
      if (named.some(({ actor }) => actor !== 'admin')) faults.push(`${name}: the entry does not say who`);
      if (named.some(({ before, after }) => before === null && after === null)) {
        faults.push(`${name}: the entry says neither before nor after`);
      }
    }
    expect(faults).toEqual([]);
  });

  it('names the id that is none, and does not find what does not exist', async () => {
    const faults = await faultsOf(
      [...reading(), ...changing()].filter(({ path }) => path.includes('{')),
      async (operation) => {
        const ask = (id: string) => {
          const body = changes[operation.name]?.body?.(rig);
          return rig.call(
            operation,
            operation.path.replace(/\{\w+\}/, id),
            body === undefined ? {} : { body },
          );
        };
        const none = await ask('nonsense');
        const named = problem.safeParse(none.body).data?.errors?.some(({ field }) => field === 'id');
        return [
          ...asProblem(operation, 'an id that is none', none, 400),
          ...(named === true ? [] : [`${operation.name}: does not name the id at fault`]),
          ...asProblem(operation, 'an id of nothing', await ask(nobody), 404),
        ];
      },
    );
    expect(faults).toEqual([]);
  });

  it('refuses a body that is none', async () => {
    const faults = await faultsOf(
      changing().filter(({ requestBody }) => requestBody),
      async (operation) => {
        const path = operation.path.replace(/\{\w+\}/, rig.someone);
        const ask = (body: string, headers: Record<string, string> = {}) =>
          rig.call(operation, path, { body, headers });
        const isList = operation.path.endsWith('/import');
        return [
          ...asProblem(operation, 'broken JSON', await ask('{'), 400),
          ...asProblem(operation, 'text', await ask('"text"'), 400),
          ...asProblem(operation, 'null', await ask('null'), 400),
          ...asProblem(operation, 'a list', await ask(isList ? '[1]' : '[]'), 400),
          ...asProblem(operation, 'a poisoned body', await ask('{"__proto__":{"a":1}}'), 400),
          ...(isList
            ? []
            : asProblem(operation, 'an unknown field', await ask('{"nobody_named_me":1}'), 400)),
        ];
      },
    );
    expect(faults).toEqual([]);
  });

  it('bounds what it reads', async () => {
    const big = JSON.stringify({ reason: 'x'.repeat(300 * 1024) });
    const answer = await rig.distributor.ask('/api/v1/payouts/pause', {
      method: 'POST',
      token: rig.token,
      body: big,
    });
    expect(answer.status).toBe(413);
    const form = await rig.distributor.ask('/api/v1/payouts/pause', {
      method: 'POST',
      token: rig.token,
      body: 'reason=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBe(415);
  });

  it('refuses a page that cannot be, naming limit or cursor', async () => {
    const faults = await faultsOf(lists(), async (operation) => {
      const path = await existing(operation);
      if (path === undefined) return [];
      const found: string[] = [];
      for (const [query, field, status] of [
        ['limit=0', 'limit', 400],
        ['limit=201', 'limit', 400],
        ['limit=-1', 'limit', 400],
        ['limit=x', 'limit', 400],
        ['limit=', 'limit', 400],
        [`cursor=${'x'.repeat(501)}`, 'cursor', 400],
        ['cursor=nonsense', 'cursor', 422],
        [`cursor=${Buffer.from('["a","b","c"]').toString('base64url')}`, 'cursor', 422],
        [`cursor=${Buffer.from('[null]').toString('base64url')}`, 'cursor', 422],
      ] as const) {
        const answer = await rig.call(operation, `${path}?${query}`);
        found.push(...asProblem(operation, query.slice(0, 20), answer, status));
        const fields = problem.safeParse(answer.body).data?.errors?.map((error) => error.field) ?? [];
        if (!fields.includes(field))
          found.push(`${operation.name}: ${query.slice(0, 20)} does not name ${field}`);
      }
      return found;
    });
    expect(faults).toEqual([]);
  });

  it('is walked to its end, whatever the size of a page, without gap or double', async () => {
    expect(lists().map(({ path }) => path)).toEqual(
      expect.arrayContaining(
        [
          'orchestrators',
          'rates',
          'policies',
          'assessments',
          'balances',
          'adjustments',
          'payments',
          'audit',
        ].map((name) => `/api/v1/${name}`),
      ),
    );
    const faults = await faultsOf(lists(), async (operation) => {
      const path = (await existing(operation))?.replace('/api/v1/', '');
      if (path === undefined) return [];
      const whole = (await rig.walk(path, 200)).map((item) => JSON.stringify(identityOf(item)));
      const found: string[] = [];
      for (const limit of [1, 3, 7]) {
        const walked = (await rig.walk(path, limit)).map((item) => JSON.stringify(identityOf(item)));
        if (new Set(walked).size !== walked.length)
          found.push(`${operation.name}: a double at limit ${limit}`);
        // What came meanwhile stands before what was there.
        const known = new Set(whole);
        const same = walked.filter((item) => known.has(item));
        if (same.join() !== whole.join()) found.push(`${operation.name}: a gap at limit ${limit}`);
      }
      return found;
    });
    expect(faults).toEqual([]);
  });
});

/** What makes an item itself, while its state may go on. */
const identityOf = (item: Record<string, unknown>): unknown =>
  'id' in item && 'period_start' in item
    ? [item.orchestrator_id, item.period_start]
    : (item.id ?? (item.usd_per_minute === undefined ? item.orchestrator_id : item));
