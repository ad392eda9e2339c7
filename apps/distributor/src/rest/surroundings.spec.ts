import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { z } from 'zod';
import { problem, record, type RestRig, startRestRig } from '../testing/rest-rig.js';

describe('the surroundings of the REST interface', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  it('document themselves: bearer sign-in, summaries, schemas', async () => {
    const { body } = await rig.distributor.ask('/docs-json');
    const document = z
      .object({
        components: z.object({ securitySchemes: record, schemas: record }),
        paths: z.record(z.string(), z.record(z.string(), z.object({ summary: z.string() }).loose())),
      })
      .parse(body);
    expect(document.components.securitySchemes).toMatchObject({ bearer: { scheme: 'bearer' } });
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        ...['Orchestrator', 'Rate', 'Assessment', 'Balance', 'Payment', 'Status', 'Token'],
        ...['Statement', 'Adjust', 'Adjustment', 'Alert', 'ImportReport'],
      ]),
    );
    expect(document.paths['/api/v1/orchestrators/{id}/rate']?.put).toMatchObject({
      parameters: [expect.objectContaining({ name: 'id', in: 'path', required: true })],
    });
    expect(document.paths['/api/v1/orchestrators/{id}/statement']?.get).toMatchObject({
      parameters: expect.arrayContaining([
        expect.objectContaining({ name: 'from', in: 'query', required: false }),
        expect.objectContaining({ name: 'to', in: 'query', required: false }),
      ]),
    });
    expect(document.paths['/api/v1/adjustments']?.post).toMatchObject({
      parameters: [expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: false })],
    });
    expect(document.paths['/api/v1/orchestrators/import']?.post).toMatchObject({
      requestBody: { content: { 'text/csv': {}, 'application/json': {} } },
      parameters: [expect.objectContaining({ name: 'dry_run', in: 'query', required: false })],
    });
    expect((await rig.distributor.ask('/docs')).status).toBe(200);
  });

  it('serve the page with a strict policy and without anything from elsewhere', async () => {
    const answer = await rig.distributor.ask('/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = z.string().parse(answer.body);
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style="|onclick=/);
    const linked = [...html.matchAll(/(?:src|href)="\.\/([\w./-]+\.(?:js|css|svg))"/g)].map(
      ([, file]) => file ?? '',
    );
    expect(linked.length).toBeGreaterThan(2);
    for (const file of linked) expect((await rig.distributor.ask(`/${file}`)).status).toBe(200);
  });

  it('answer a path that does not exist, and one that is malformed, with a problem', async () => {
    expect(
      problem.parse((await rig.distributor.ask('/api/v1/nothing', { token: rig.token })).body).status,
    ).toBe(404);
    expect(problem.parse((await rig.distributor.ask('/%zz')).body).status).toBe(400);
    expect((await rig.distributor.ask('/../package.json')).status).toBe(404);
    expect((await rig.distributor.ask('/..%2f..%2fpackage.json')).status).toBe(404);
  });

  it('count without amounts when no token guards the metrics', async () => {
    const { body } = await rig.distributor.ask('/metrics');
    expect(body).toContain('distributor_last_period_end_timestamp_seconds');
    expect(body).not.toContain('usd');
  });

  it('are ready and say what of', async () => {
    expect((await rig.distributor.ask('/health')).body).toMatchObject({
      status: 'ok',
      info: { database: { status: 'up' }, assessment: { status: 'up' } },
    });
    expect((await rig.distributor.ask('/health/live')).status).toBe(200);
  });
});
