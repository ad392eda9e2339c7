import { setTimeout as wait } from 'node:timers/promises';

import { startSimulatedEngine } from '#monitoring/testing';

import { answerWith, settingsOf } from '../run/answering.js';
import { engineDeedSchema, engineSettingsSchema, type engineToldSchema } from './engine-protocol.js';
import type { z } from 'zod';

/** A container that is quick to start. */
const restartMs = 200;

/** The simulated Engine in a process of its own, so that it takes nothing of the worker's turn. */
const { services } = settingsOf(engineSettingsSchema);
const engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });

answerWith(engineDeedSchema, async (told): Promise<z.output<typeof engineToldSchema>> => {
  const atMs = performance.timeOrigin + performance.now();
  if (told.deed === 'kill') engine.killService(told.service);
  else if (told.deed === 'start') engine.startService(told.service);
  else if (told.deed === 'restart') {
    engine.killService(told.service);
    await wait(restartMs);
    engine.startService(told.service);
  }
  return { dockerHost: engine.dockerHost, atMs };
});
