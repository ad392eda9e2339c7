import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type Operation, parametersIn } from '#platform/testing';
import { z } from 'zod';
import { changes } from '../../testing/contract/changes.js';
import { type ContractRig, startContractRig } from '../../testing/contract/contract-rig.js';
import { faultsOf, namingFaults, problemFaults } from '../../testing/contract/faults.js';
import { nobody } from '../../testing/rest-rig.js';

const bodySchema = z.object({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
});
const reference = z.object({ $ref: z.string().transform((path) => path.split('/').at(-1) ?? '') });

describe('what comes in at every route', () => {
  let rig: ContractRig;

  beforeAll(async () => {
    rig = await startContractRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  const withBody = () =>
    rig.routes.api.filter(({ requestBody }) => requestBody && 'application/json' in requestBody.content);
  const isImport = ({ path }: Operation) => path.endsWith('/import');

  it('has an id that is one and exists, or is refused by name', async () => {
    const operations = rig.routes.guarded.filter(({ path }) => path.includes('{'));
    expect(operations.length).toBeGreaterThan(15);
    const faults = await faultsOf(operations, async (operation) => {
      const ask = (id: string) => {
        const body = changes[operation.name]?.body?.(rig);
        const path = operation.path.replace(/\{\w+\}/, id);
        return rig.call(operation, path, body === undefined ? {} : { body });
      };
      const none = { answer: await ask('nonsense'), status: 400, fields: ['id'] };
      return [
        ...namingFaults(rig, operation, 'an id that is none', none),
        ...problemFaults(rig, operation, 'an id of nothing', await ask(nobody), 404),
      ];
    });
    expect(faults).toEqual([]);
  });

  it('has a body that is JSON, an object, and names nothing unknown', async () => {
    const operations = withBody();
    expect(operations.length).toBeGreaterThan(15);
    const faults = await faultsOf(operations, async (operation) => {
      const path = operation.path.replace(/\{\w+\}/, rig.someone);
      const refused = async (what: string, body: string) =>
        problemFaults(rig, operation, what, await rig.call(operation, path, { body }), 400);
      return [
        ...(await refused('broken JSON', '{')),
        ...(await refused('text', '"text"')),
        ...(await refused('null', 'null')),
        ...(await refused('a list', isImport(operation) ? '[1]' : '[]')),
        ...(await refused('a poisoned body', '{"__proto__":{"a":1}}')),
        ...(isImport(operation) ? [] : await refused('an unknown field', '{"nobody_named_me":1}')),
      ];
    });
    expect(faults).toEqual([]);
  });

  it('has every field of its type, and all that are required, or each fault is named', async () => {
    let fields = 0;
    const operations = withBody().filter((operation) => !isImport(operation));
    const faults = await faultsOf(operations, async (operation) => {
      const { $ref: name } = reference.parse(operation.requestBody?.content['application/json']?.schema);
      const { properties, required } = bodySchema.parse(rig.document.components.schemas[name]);
      const path = operation.path.replace(/\{\w+\}/, rig.someone);
      const refused = async (what: string, body: unknown, named: readonly string[]) => {
        const answer = await rig.call(operation, path, { body });
        return namingFaults(rig, operation, what, { answer, status: 400, fields: named });
      };
      const found: string[] = [];
      for (const field of Object.keys(properties)) {
        fields += 1;
        found.push(...(await refused(`an object as ${field}`, { [field]: { a: 1 } }, [field])));
        found.push(...(await refused(`true as ${field}`, { [field]: true }, [field])));
      }
      if (required.length > 0) found.push(...(await refused('nothing', {}, required)));
      return found;
    });
    expect(fields).toBeGreaterThan(25);
    expect(faults).toEqual([]);
  });

  it('has filters that mean something, each once, or each fault is named', async () => {
    let filters = 0;
    const operations = rig.routes.guarded.filter((operation) => parametersIn(operation, 'query').length > 0);
    const faults = await faultsOf(operations, async (operation) => {
      const path = operation.path.replace(/\{\w+\}/, rig.paid);
      const found: string[] = [];
      for (const { name, schema } of parametersIn(operation, 'query')) {
        filters += 1;
        const isFree = schema.type === 'string' && !schema.enum && !schema.format && !schema.pattern;
        for (const [what, query] of [
          ['nonsense', `${name}=${isFree ? 'x'.repeat(501) : 'nonsense'}`],
          ['twice', `${name}=1&${name}=2`],
        ] as const) {
          const answer = await rig.call(operation, `${path}?${query}`);
          found.push(
            ...namingFaults(rig, operation, `${name} ${what}`, { answer, status: 400, fields: [name] }),
          );
        }
      }
      return found;
    });
    expect(filters).toBeGreaterThan(40);
    expect(faults).toEqual([]);
  });

  it('is bounded, and of a type that is read', async () => {
    const big = JSON.stringify({ reason: 'x'.repeat(300 * 1024) });
    const pause = { method: 'POST', token: rig.token };
    const answer = await rig.distributor.ask('/api/v1/payouts/pause', { ...pause, body: big });
    expect(answer.status).toBe(413);
    const form = await rig.distributor.ask('/api/v1/payouts/pause', {
      ...{ ...pause, body: 'reason=x' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBe(415);
  });
});
