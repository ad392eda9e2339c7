import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { z } from 'zod';
import { nobody, problem, type RestRig, startRestRig } from '../testing/rest-rig.js';
import { viewerPassword } from '../testing/running-distributor.js';

const operations = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

describe('authority over the REST interface', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  it('asks every documented route for a token, but sign-in and status', async () => {
    const { paths } = operations.parse((await rig.distributor.ask('/docs-json')).body);
    const asked = Object.entries(paths)
      .filter(([path]) => path.startsWith('/api/'))
      .flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => [method, path.replace('{id}', nobody)]),
      );
    const open: string[] = [];
    for (const [method = '', path = ''] of asked) {
      for (const credential of [undefined, 'not.a.token', `${rig.token.slice(0, -4)}AAAA`]) {
        const answer = await rig.distributor.ask(path, {
          method: method.toUpperCase(),
          ...(credential !== undefined && { token: credential }),
        });
        if (answer.status === 401 && answer.headers.has('www-authenticate')) problem.parse(answer.body);
        else if (!open.includes(path)) open.push(path);
      }
    }
    expect(open.sort()).toEqual([
      '/api/v1/auth/login',
      '/api/v1/auth/siwe',
      '/api/v1/auth/siwe/challenge',
      '/api/v1/status',
    ]);
    expect(asked.length).toBeGreaterThan(18);
  });

  it('lets a viewer read and change nothing', async () => {
    const viewer = await rig.distributor.signIn(viewerPassword);
    expect((await rig.distributor.ask('/api/v1/balances', { token: viewer })).status).toBe(200);
    const answer = await rig.distributor.ask('/api/v1/payouts/pause', {
      method: 'POST',
      token: viewer,
      body: { reason: 'x' },
    });
    expect(answer.status).toBe(403);
    expect(
      (await rig.distributor.ask('//api//v1//payouts/run/', { method: 'POST', token: viewer })).status,
    ).toBe(403);
  });
});
