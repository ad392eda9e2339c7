import { setTimeout as wait } from 'node:timers/promises';

import type { OwnEngine } from '../../real-engine/own-engine.js';
import type { RecordingSession } from './recording-session.js';

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

/** With live-restore what runs goes on, but the health check begins anew. */
async function recordLiveRestore({ containers, state }: RecordingSession, engine: OwnEngine): Promise<void> {
  const checked = containers.name('checked');
  await containers.run(checked, { health: ['true'] });
  await state('healthy', checked, ({ Health }) => JSON.stringify(Health).includes('"healthy"'));
  await engine.end();
  await engine.begin();
  await state('liveRestored', checked);
  await containers.get(checked).remove({ force: true });
}

/** Only after a power cut does the Engine not know when something ended. */
async function recordLostPower({ containers, state }: RecordingSession, engine: OwnEngine): Promise<void> {
  const lost = containers.name('lost');
  await containers.run(lost);
  await state('running', lost);
  await engine.cutPower();
  await wait(1_000);
  await engine.begin();
  await state('lostPower', lost);
  await containers.get(lost).remove({ force: true });
}

/** Without live-restore containers end with the Engine, and those that shall always run begin with it. */
async function recordOrderlyRestart(session: RecordingSession, engine: OwnEngine): Promise<void> {
  const { containers, service } = session;
  await engine.end();
  await engine.begin({ liveRestore: false });
  await containers.run(service, { restartPolicy: 'always' });
  await session.state('running', service);
  let told = '';
  const stream = await engine.docker.getEvents({});
  stream.on('data', (chunk: Buffer) => (told += chunk.toString())).on('error', () => undefined);
  await engine.end();
  const endedMs = Date.now();
  await engine.begin();
  await wait(1_000);
  session.deeds.engineEnd = linesOf(told);
  session.deeds.engineBegin = (await session.questions.eventsBetween(endedMs, Date.now())).lines;
  await containers.get(service).remove({ force: true });
}

/** What becomes of containers when the Engine itself is ended and started. */
export async function recordRestarts(session: RecordingSession, engine: OwnEngine): Promise<void> {
  await recordLiveRestore(session, engine);
  await recordLostPower(session, engine);
  await recordOrderlyRestart(session, engine);
}
