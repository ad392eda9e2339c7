import { z } from 'zod';

import { identityFacts, type IdentityFacts, identityFields } from '../identity/identity-facts.js';
import type { ContainerFacts } from '../segments/observation.js';

const neverMs = Date.parse('0001-01-01T00:00:00Z');

/** RFC 3339 with up to nine decimals → Unix milliseconds, rounded down; year 1 means never. */
function engineTimeMs(text: string): number | null {
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(ms) || ms === neverMs ? null : ms;
}

/** What Docker takes for an interval or a time limit of a health check that is absent or zero. */
const healthDefaultMs = 30_000;

const nanoseconds = z
  .number()
  .nullish()
  .transform((nano) => (nano ? nano / 1e6 : healthDefaultMs));

const healthSchema = z.object({
  Status: z.string(),
  Log: z
    .array(z.object({ End: z.string() }))
    .nullish()
    .transform((results) => results ?? []),
});

const healthcheckSchema = z.object({ Interval: nanoseconds, Timeout: nanoseconds });

/**
 * From when on the last result of the health check is too old to count, by Docker's own pace and a little; null when
 * there is no result.
 */
function healthStaleMs(
  health: z.output<typeof healthSchema> | null | undefined,
  check: z.output<typeof healthcheckSchema> | null | undefined,
): number | null {
  const ends = (health?.Log ?? []).map(({ End }) => engineTimeMs(End) ?? -Infinity);
  if (ends.length === 0) return null;
  const { Interval, Timeout } = check ?? { Interval: healthDefaultMs, Timeout: healthDefaultMs };
  return Math.max(...ends) + 2 * (Interval + Timeout) + 5_000;
}

/** Fields beyond these are dropped here: an inspection carries the container's environment, which may hold secrets. */
export const inspectionSchema = z
  .object({
    Id: z.string().min(12).max(128),
    Name: z.string(),
    Config: z.object({ Image: z.string(), Healthcheck: healthcheckSchema.nullish() }).optional(),
    State: z.object({
      Status: z.string(),
      Paused: z.boolean().default(false),
      Restarting: z.boolean().default(false),
      ExitCode: z.number().int().optional(),
      StartedAt: z.string(),
      FinishedAt: z.string(),
      Health: healthSchema.nullish(),
    }),
    ...identityFields,
  })
  .transform(({ Id, Name, Config, State, ...identity }): Inspection => {
    // Docker writes `none`, Podman an empty string, when no check is defined.
    const health = !State.Health || ['', 'none'].includes(State.Health.Status) ? null : State.Health.Status;
    return {
      name: Name,
      identity: identityFacts(identity),
      facts: {
        id: Id,
        image: Config?.Image ?? '',
        status: State.Status,
        paused: State.Paused,
        restarting: State.Restarting,
        health,
        healthStaleMs: healthStaleMs(State.Health, Config?.Healthcheck),
        startedAt: State.StartedAt,
        startedAtMs: engineTimeMs(State.StartedAt),
        finishedAtMs: engineTimeMs(State.FinishedAt),
        exitCode: State.ExitCode ?? null,
      },
    };
  });

/** One inspection: what is kept of it, and what is only compared with the identity policy. */
export interface Inspection {
  name: string;
  facts: Omit<ContainerFacts, 'mismatch'>;
  identity: IdentityFacts;
}

/** Container names; a container has several when it is linked. */
export const containerListSchema = z
  .array(z.object({ Names: z.array(z.string()).nullish() }))
  .transform((containers) =>
    containers.flatMap(({ Names }) => Names ?? []).map((name) => name.replace(/^\//, '')),
  );

export const engineVersionSchema = z.object({ Version: z.string().max(200) });

export const engineInfoSchema = z.object({ ID: z.string().max(200) });

/** One container event. Of the attributes only the name is used: labels are copied over all the others. */
export interface ContainerEvent {
  action: string;
  containerId: string;
  name: string;
  timeNano: bigint;
  /** The same event may be delivered twice, after a reconnection for certain. */
  key: string;
}

const eventSchema = z.object({
  Type: z.literal('container'),
  Action: z.string().min(1).max(10_000),
  Actor: z.object({ ID: z.string().min(1).max(128), Attributes: z.object({ name: z.string() }) }),
  timeNano: z.number().positive(),
});

/** JSON.parse would round nanoseconds, which lie beyond 2^53; the quote before the colon cannot be forged in a string. */
const timeNanoPattern = /"timeNano"\s*:\s*(\d{1,19})(?=\s*[,}])/;

/** One line of the event stream; undefined when it is not a container event that can be understood. */
export function parseEventLine(line: string): ContainerEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = eventSchema.safeParse(json);
  const digits = timeNanoPattern.exec(line)?.[1];
  if (!parsed.success || digits === undefined) return undefined;
  const timeNano = BigInt(digits);
  if (Number(timeNano) !== parsed.data.timeNano) return undefined;
  const { Action: action, Actor } = parsed.data;
  return {
    action,
    containerId: Actor.ID,
    name: Actor.Attributes.name.replace(/^\//, ''),
    timeNano,
    key: `${digits} ${action} ${Actor.ID}`,
  };
}
