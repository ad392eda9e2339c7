import { afterEach, describe, expect, it } from '@jest/globals';

import { DoubleRig, register, submit } from './double-rig.js';
import type { GatewayDouble } from './gateway-double.js';
import type { Profile } from './profile.js';
import type { WorkerAnswer } from './worker-stub.js';

const rig = new DoubleRig();
afterEach(() => rig.stop());

const events =
  (text: string, status = 200): WorkerAnswer =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Metadata': 'm' });
    response.end(text);
  };
const finished = 'data: {"i":1}\n\ndata: [DONE]\n\nafter the end\n';
const relayed = 'data: {"i":1}\n\ndata: {"balance": 0.000}\n\n\ndata: [DONE]\n';

describe.each<Profile>(['pr-3650', 'master'])('33: an event stream at %s', (profile) => {
  async function loop(...answers: WorkerAnswer[]): Promise<{ gateway: GatewayDouble; url: string }> {
    const urls: string[] = [];
    for (const [index, answer] of answers.entries()) {
      const worker = await rig.worker(answer);
      const orchestrator = await rig.orchestrator({ profile });
      orchestrator.faults.tokenDelayMs = index * 200;
      await register(orchestrator, { url: worker.url });
      urls.push(orchestrator.url);
    }
    return { gateway: await rig.gateway({ orchestrators: urls, profile }), url: urls[0]! };
  }

  it('is passed on line by line up to [DONE], with the balance before it', async () => {
    const { gateway, url } = await loop(events(finished));
    const answer = await submit(gateway);
    expect(answer.text).toBe(relayed);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      'livepeer-balance': '',
      'x-metadata': 'm',
      'x-orchestrator-url': url,
    });
  });

  it('hides the worker’s status', async () => {
    const { gateway } = await loop(events(finished, 500));
    expect(await submit(gateway)).toMatchObject({ status: 200, text: relayed });
  });

  it('is run again on the next orchestrator, whose stream follows the first', async () => {
    const { gateway } = await loop(events(finished), events('data: [DONE]\n'));
    expect((await submit(gateway)).text).toBe(`${relayed}data: {"balance": 0.000}\n\n\ndata: [DONE]\n`);
  });

  it('ends in a flood of newlines when [DONE] is missing, here a bounded one', async () => {
    const { gateway } = await loop(events('data: 1\n'));
    const { text } = await submit(gateway);
    expect(text).toMatch(/^data: 1\n\n+$/);
    expect(text.length).toBeGreaterThan(65_536);
    expect(text.length).toBeLessThan(300_000);
  });

  it('ends at a line of more than 64 KiB', async () => {
    const { gateway } = await loop(events(`data: 1\ndata: ${'x'.repeat(70_000)}\ndata: [DONE]\n`));
    const { text } = await submit(gateway);
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('xx');
  });
});
