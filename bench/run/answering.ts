import { z } from 'zod';

const envelope = z.object({ message: z.unknown() });

/** The other end of `Child`: its settings, and an answer to each message. The process ends with its parent. */
export const settingsOf = <S extends z.ZodType>(schema: S): z.output<S> =>
  schema.parse(JSON.parse(process.argv[2] ?? 'null'));

export function answerWith<S extends z.ZodType>(
  schema: S,
  answer: (message: z.output<S>) => Promise<unknown>,
): void {
  process.on('message', (received) => {
    void answer(schema.parse(envelope.parse(received).message)).then((content) => process.send?.(content));
  });
  process.on('disconnect', () => process.exit());
}

export interface CpuTime {
  userMs: number;
  systemMs: number;
}

export const cpuTimeSchema = z.object({ userMs: z.number(), systemMs: z.number() });

/** Of this process since it began. */
export function ownCpuTime(): CpuTime {
  const { user, system } = process.cpuUsage();
  return { userMs: user / 1_000, systemMs: system / 1_000 };
}

export const cpuMsBetween = (before: CpuTime, after: CpuTime): number =>
  after.userMs + after.systemMs - before.userMs - before.systemMs;
