import type { RecordingSession } from './recording-session.js';

const action = (line: string) => /"Action":"([^"]+)"/.exec(line)?.[1] ?? '';

/** The first health event and the run of the check that led to it. */
function firstFlip(lines: string[]): string[] {
  const at = lines.findIndex((line) => action(line).startsWith('health_status'));
  if (at < 0) return [];
  // Before a check there is another one or nothing.
  const from = lines.findLastIndex((line, index) => index < at && action(line).startsWith('exec_create'));
  return lines.slice(Math.max(0, from), at + 1);
}

/** One run of a health check: what was created, started, and ended. */
function oneCheck(lines: string[]): string[] {
  const from = lines.findIndex((line) => action(line).startsWith('exec_create'));
  const to = lines.findIndex((line, index) => index > from && action(line).startsWith('exec_die'));
  return lines.slice(from, to + 1);
}

/** What can be done to a container on any Engine. */
export async function recordContainers(session: RecordingSession): Promise<void> {
  const { containers, service } = session;
  const it = () => containers.get(service);

  await session.deed('create', () => containers.create(service));
  await session.state('created', service);
  await session.deed('start', () => it().start());
  await session.state('running', service);
  await session.whole(service);
  await session.deed('hangUp', () => it().kill({ signal: 'SIGHUP' }));
  await session.deed('exec', () => containers.exec(service, 'true'));
  await session.deed('pause', () => it().pause());
  await session.state('paused', service);
  await session.deed('unpause', () => it().unpause());
  const renamed = containers.name('renamed');
  await session.deed('rename', () => it().rename({ name: renamed }));
  await containers.get(renamed).rename({ name: service });
  await session.deed('stop', () => it().stop());
  await session.state('stopped', service);
  await it().start();
  await session.deed('restart', () => it().restart({ t: 0 }));
  await session.deed('kill', () => it().kill());
  await session.state('killed', service);
  await session.deed('remove', () => it().remove());
  await containers.run(service);
  await session.state('running', service);
  await session.deed('removeRunning', () => it().remove({ force: true }));
}

export async function recordHealth(session: RecordingSession): Promise<void> {
  const { containers } = session;
  const checked = containers.name('checked');
  const health = async (word: string) => {
    const name = word === 'healthy' ? 'healthy' : 'unhealthy';
    await session.checkNow(checked);
    await session.state(name, checked, ({ Health, Healthcheck }) =>
      JSON.stringify(Health ?? Healthcheck ?? null).includes(`"Status":"${word}"`),
    );
  };
  await session.deed(
    'healthy',
    async () => {
      await containers.run(checked, { health: ['test', '!', '-e', '/broken'] });
      await session.state('starting', checked);
      await health('healthy');
    },
    firstFlip,
  );
  await session.deed(
    'check',
    async () => {
      await session.checkNow(checked);
      await new Promise((resolve) => setTimeout(resolve, 500));
    },
    oneCheck,
  );
  await session.deed(
    'unhealthy',
    async () => {
      await containers.exec(checked, '/busybox touch /broken');
      await health('unhealthy');
    },
    firstFlip,
  );
  await containers.get(checked).pause();
  await session.state('pausedWithCheck', checked);
  await containers.get(checked).unpause();
  await containers.get(checked).remove({ force: true });
}

export async function recordTrouble(session: RecordingSession): Promise<void> {
  const { containers } = session;
  const crashing = containers.name('crashing');
  await session.deed(
    'crashLoop',
    async () => {
      await containers.run(crashing, { script: 'exit 3', restartPolicy: 'always' });
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await session
        .state('restarting', crashing, ({ Restarting }) => Restarting === true)
        .catch(() => undefined);
    },
    (lines) => lines.filter((line) => ['start', 'die', 'died'].includes(action(line))).slice(0, 8),
  );
  await containers.get(crashing).remove({ force: true });

  const hungry = containers.name('hungry');
  await session.deed('childOutOfMemory', async () => {
    const script = '/busybox tail /dev/zero; exec /busybox sleep 2147483647';
    await containers.run(hungry, { script, memory: 8 * 1_048_576 });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  });
  await session.state('childOutOfMemory', hungry);
  await containers.get(hungry).remove({ force: true });
}
