import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordings, type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';
import fc from 'fast-check';
import { z } from 'zod';

import { damaged, fuzz, pieces, fuzzLimitMs } from '../../testing/fuzz.js';
import { recordedInspection } from '../../testing/recorded-answers.js';
import { Scenario } from '../../testing/scenario.js';
import { parseEventLine } from '../containers/engine-answers.js';
import { EngineClient, EngineUnansweredError } from '../containers/engine-client.js';
import { LineSplitter } from '../containers/event-lines.js';
import { judgeObservation } from '../segments/judge-finding.js';
import { unknownBecause } from '../segments/service-state.js';

const every = Object.values(recordings);
const answers = every.flatMap((recording) =>
  (['running', 'killed', 'paused', 'created', 'healthy', 'starting', 'unhealthy'] as const).map((state) =>
    JSON.stringify(recordedInspection(recording, state)),
  ),
);
const lines = every.flatMap(({ deeds }) => Object.values(deeds).flat());
const runningSchema = z.object({
  Name: z.literal('/service'),
  State: z.object({ Status: z.literal('running') }),
});

describe('answers of an Engine, damaged', () => {
  let engine: SimulatedEngine;
  let client: EngineClient;

  beforeAll(async () => {
    engine = await startSimulatedEngine({ services: [] });
    client = new EngineClient({ dockerHost: engine.dockerHost, requestTimeoutMs: 2_000 });
  });

  afterAll(async () => {
    client.close();
    await engine.stop();
  });

  it('are understood or not, but only one that says running under the right name is up', async () => {
    const answer = fc.constantFrom(...answers).chain((text) => damaged(text));
    const status = fc.constantFrom(200, 200, 200, 200, 204, 301, 404, 500, 503);
    await fc.assert(
      fc.asyncProperty(answer, status, fc.boolean(), async (body, code, isCutOff) => {
        engine.insteadOf(
          /service/,
          (_request, response) => {
            const length = { 'content-length': body.length + (isCutOff ? 10 : 0) };
            response.writeHead(code, { 'content-type': 'application/json', ...length });
            if (isCutOff) response.write(body, () => response.destroy());
            else response.end(body);
          },
          isCutOff ? 2 : 1,
        );
        const now = { wallMs: Date.now(), monotonicMs: 0 };
        try {
          const finding = await client.inspect('service');
          const { state } = judgeObservation({ finding, askedAt: now, answeredAt: now });
          if (state !== 'up') return;
          const said: unknown = JSON.parse(new TextDecoder().decode(body));
          expect(runningSchema.safeParse(said).success && code === 200 && !isCutOff).toBe(true);
        } catch (error) {
          if (!(error instanceof EngineUnansweredError)) throw error;
          expect(Object.values(unknownBecause)).toContain(error.reason);
        } finally {
          // What was not asked for is not for the next one.
          engine.forgetMisdeeds();
        }
      }),
      fuzz(300),
    );
  });

  it('as lists of containers, versions and ids give names and texts, or nothing', async () => {
    const texts = every.flatMap(({ listed, version, info }) => [`[${listed}]`, version, info]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts).chain((text) => damaged(text)),
        async (body) => {
          engine.insteadOf(/containers\/json|version|info/, (_request, response) => response.end(body), 3);
          const settledAll = await Promise.allSettled([client.listNames(), client.version(), client.id()]);
          for (const one of settledAll) {
            if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(EngineUnansweredError);
            else expect([one.value].flat().every((text) => typeof text === 'string')).toBe(true);
          }
          engine.forgetMisdeeds();
        },
      ),
      fuzz(100),
    );
  });
});

describe('the event stream, damaged', () => {
  const stream = fc.array(
    fc.oneof(
      fc.constantFrom(...lines).chain((line) => damaged(line)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...lines).map((line) => Buffer.from(line)),
    ),
    { maxLength: 12 },
  );

  it('is cut into lines of bounded length and understood line by line, whatever the bytes', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(500), { maxLength: 40 }), (documents, cuts) => {
        const bytes = Buffer.concat(documents.flatMap((document) => [document, Buffer.from('\n')]));
        const splitter = new LineSplitter();
        const whole = new LineSplitter().push(bytes);
        const seen = pieces(bytes, cuts).flatMap((piece) => splitter.push(piece));
        expect(seen).toEqual(whole);
        for (const line of seen) {
          const event = line === null ? undefined : parseEventLine(line);
          if (!event) continue;
          expect(event.timeNano > 0n && event.action !== '' && event.containerId !== '').toBe(true);
        }
      }),
      fuzz(400),
    );
  });

  it(
    'makes no up time of a container that does not run, and goes on listening',
    async () => {
      await fc.assert(
        fc.asyncProperty(stream, fc.array(fc.nat(300), { maxLength: 20 }), async (documents, cuts) => {
          const scenario = await Scenario.begin({ services: [{ name: 'service' }] });
          try {
            scenario.engine.killService('service');
            await scenario.pass(6_000);
            const fromMs = scenario.nowMs;
            const { id } = scenario.engine.service('service');
            const bytes = Buffer.concat(documents.flatMap((document) => [document, Buffer.from('\n')]));
            // As if they were about this very container, and of this very time.
            const aimed = bytes
              .toString('latin1')
              .replaceAll('c'.repeat(64), id)
              .replace(/"timeNano":\d{13}/g, `"timeNano":${fromMs + 1}`);
            for (const piece of pieces(Buffer.from(aimed, 'latin1'), cuts)) {
              scenario.engine.events.tellRaw(piece);
              await scenario.pass(40);
            }
            await scenario.pass(6_000);
            expect((await scenario.account('service', fromMs)).upMs).toBe(0);
            scenario.engine.startService('service');
            await scenario.pass(200);
            await scenario.until(() => scenario.stateOf('service').state === 'up');
          } finally {
            await scenario.end();
          }
        }),
        fuzz(6),
      );
    },
    fuzzLimitMs,
  );
});
