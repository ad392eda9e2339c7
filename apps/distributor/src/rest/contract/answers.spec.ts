import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { type ContractRig, startContractRig } from '../../testing/contract/contract-rig.js';
import { faultsOf, namingFaults } from '../../testing/contract/faults.js';
import { fillPages, pageSizes } from '../../testing/contract/fill.js';
import { isForPayee, isJson } from '../../testing/contract/routes.js';

/** Lists that end with a few items whatever is done: none of these are lists that one would miss. */
const ours = ['assessments', 'audit', 'balances', 'orchestrators', 'payments'].map(
  (name) => `GET /api/v1/${name}`,
);

/** What makes an item itself, while its state may go on. */
const identityOf = (item: Record<string, unknown>): string =>
  JSON.stringify(
    'id' in item && 'period_start' in item
      ? [item.orchestrator_id ?? '', item.period_start]
      : (item.id ?? (item.usd_per_minute === undefined ? (item.orchestrator_id ?? item) : item)),
  );

describe('every route that is read', () => {
  let rig: ContractRig;

  beforeAll(async () => {
    const database = await createTestDatabase();
    // Nobody listens there: deliveries wait, and are listed.
    rig = await startContractRig(database, { ALERT_WEBHOOK_URLS: 'http://127.0.0.1:9/hook' });
    await fillPages(rig, database.url, rig.paid);
  });

  afterAll(async () => {
    await rig.close();
  });

  it('answers what it says: fields, types, and nothing besides', async () => {
    const operations = [...rig.routes.open, ...rig.routes.reading].filter(
      (operation) => operation.method === 'GET' && isJson(operation),
    );
    expect(operations.length).toBeGreaterThan(30);
    const faults = await faultsOf(operations, async (operation) => {
      const as = isForPayee(operation) ? {} : { token: rig.viewer };
      const answer = await rig.call(operation, await rig.pathTo(operation), as);
      // 409: what only a chain knows, and here there is none.
      const isDue = operation.path === '/api/v1/payouts/runway' ? 409 : 200;
      return [
        ...(answer.status === isDue ? [] : [`${operation.name}: answered ${answer.status}`]),
        ...rig.schemas.faultsOf(operation, answer),
      ];
    });
    expect(faults).toEqual([]);
  });

  it('refuses a page that cannot be, naming limit or cursor', async () => {
    const faults = await faultsOf(rig.routes.lists, async (operation) => {
      const path = await rig.pathTo(operation);
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
        found.push(...namingFaults(rig, operation, query.slice(0, 20), { answer, status, fields: [field] }));
      }
      return found;
    });
    expect(faults).toEqual([]);
  });

  it('is walked to its end, whatever the size of a page, without gap or double', async () => {
    expect(rig.routes.lists.map(({ name }) => name)).toEqual(expect.arrayContaining(ours));
    const faults = await faultsOf(rig.routes.lists, async (operation) => {
      const path = (await rig.pathTo(operation)).replace('/api/v1/', '');
      const whole = (await rig.walk(path, 200)).map(identityOf);
      const found: string[] = [];
      for (const limit of pageSizes) {
        if (whole.length <= limit)
          found.push(`${operation.name}: ${whole.length} items are one page of ${limit}`);
        const walked = (await rig.walk(path, limit)).map(identityOf);
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
