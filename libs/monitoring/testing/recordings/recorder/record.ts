import { mkdir, writeFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';

import { OwnEngine } from '../../real-engine/own-engine.js';
import type { EngineRecording } from '../engine-recording.js';
import { recordContainers, recordHealth, recordTrouble } from './record-containers.js';
import { recordRestarts } from './record-restarts.js';
import { RecordingSession } from './recording-session.js';

const help = `npm run engine:record -- [SOCKET]

Records what a real Engine answers and tells, and writes it to libs/monitoring/testing/recordings/.
With the path of a socket: of the Engine there. Without: of the dockerd that is found in PATH, started for this alone,
which is also restarted and killed.
`;

/** `Docker 20.10.24+dfsg1` → `docker-20.10`, `docker20_10` */
function namesOf(engine: string): { file: string; constant: string } {
  const [, kind = '', major = '', minor = ''] = /^(\w+) (\d+)\.(\d+)/.exec(engine) ?? [];
  return {
    file: `${kind.toLowerCase()}-${major}.${minor}`,
    constant: `${kind.toLowerCase()}${major}_${minor}`,
  };
}

async function save(recording: EngineRecording): Promise<string> {
  const { file, constant } = namesOf(recording.engine);
  const path = `libs/monitoring/testing/recordings/${file}.ts`;
  const source = `import type { EngineRecording } from './engine-recording.js';

    /** Made by \`npm run engine:record\`. */
    export const ${constant}: EngineRecording = ${JSON.stringify(recording)};`;
  await mkdir('libs/monitoring/testing/recordings', { recursive: true });
  const options = await resolveConfig(path);
  await writeFile(path, await format(source, { ...options, parser: 'typescript' }));
  return path;
}

async function record(socketPath: string | undefined): Promise<void> {
  const own = socketPath === undefined ? await OwnEngine.start({ liveRestore: true }) : undefined;
  try {
    const session = await RecordingSession.open(
      socketPath ?? own?.socketPath ?? '',
      own ? [`${own.directory}/data`, `${own.directory}/run`, own.directory] : [],
    );
    try {
      await recordContainers(session);
      await recordHealth(session);
      await recordTrouble(session);
      if (own) await recordRestarts(session, own);
      const recording = await session.recording();
      process.stdout.write(`${recording.engine} → ${await save(recording)}\n`);
    } finally {
      await session.end();
    }
  } finally {
    await own?.remove();
  }
}

const [socketPath, ...rest] = process.argv.slice(2);
if (rest.length > 0 || socketPath?.startsWith('-') === true) process.stdout.write(help);
else await record(socketPath);
