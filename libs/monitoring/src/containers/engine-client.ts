import type { Readable } from 'node:stream';

import { errorCode } from '#platform';
import { z } from 'zod';

import { type IdentityPolicy, mismatchOf } from '../identity/identity-policy.js';
import type { Finding } from '../segments/observation.js';
import { unknownBecause } from '../segments/service-state.js';
import { parseDockerHost } from './docker-host.js';
import {
  containerListSchema,
  engineInfoSchema,
  engineVersionSchema,
  inspectionSchema,
} from './engine-answers.js';
import { EngineAnswerError, EngineConnection, EngineRefusedError } from './engine-connection.js';

/** The Engine did not say; `reason` is the reason of the unknown time. */
export class EngineUnansweredError extends Error {
  constructor(
    readonly reason: string,
    cause: unknown,
  ) {
    super(`${reason}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'EngineUnansweredError';
  }
}

/** The server closed the connection before it had answered, as one that is just being restarted does. */
const lostConnection = (error: unknown) => ['EPIPE', 'ECONNRESET'].includes(errorCode(error) ?? '');

const isNotUnderstood = (error: unknown) => error instanceof z.ZodError || error instanceof EngineAnswerError;

function unanswered(error: unknown, signal: AbortSignal): EngineUnansweredError {
  const because = (reason: string) => new EngineUnansweredError(reason, error);
  if (isNotUnderstood(error)) return because(unknownBecause.answerNotUnderstood);
  if (error instanceof EngineRefusedError) return because(unknownBecause.engineRefused);
  return because(signal.aborted ? unknownBecause.inspectionTimedOut : unknownBecause.engineUnreachable);
}

const eventFilters = encodeURIComponent(JSON.stringify({ type: ['container'] }));

export interface EngineClientOptions {
  /** DOCKER_HOST syntax; undefined is the default socket. */
  dockerHost?: string | undefined;
  requestTimeoutMs: number;
}

/** The few questions that we ask the Docker Engine, all of them GET. Every answer is parsed; every wait has a limit. */
export class EngineClient {
  private readonly connection: EngineConnection;
  private readonly requestTimeoutMs: number;
  private readonly closing = new AbortController();

  constructor({ dockerHost, requestTimeoutMs }: EngineClientOptions) {
    this.connection = new EngineConnection(parseDockerHost(dockerHost));
    this.requestTimeoutMs = requestTimeoutMs;
  }

  /**
   * Asks about one exact name. The Engine also accepts the beginning of an id as a name, so the answer's name counts.
   * @param policy what the container must be; null when any will do
   * @throws EngineUnansweredError
   */
  async inspect(name: string, policy: IdentityPolicy | null = null): Promise<Finding> {
    return this.ask(async (signal) => {
      try {
        const path = `/containers/${encodeURIComponent(name)}/json`;
        const answer = inspectionSchema.parse(await this.connection.getJson(path, signal));
        if (answer.name !== `/${name}`) return { kind: 'missing' };
        const mismatch = mismatchOf(answer.identity, policy);
        return { kind: 'container', container: { ...answer.facts, mismatch } };
      } catch (error) {
        if (error instanceof EngineRefusedError && error.status === 404) return { kind: 'missing' };
        throw error;
      }
    });
  }

  /** Names of all containers, running or not. @throws EngineUnansweredError */
  async listNames(): Promise<string[]> {
    return this.ask(async (signal) =>
      containerListSchema.parse(await this.connection.getJson('/containers/json?all=true', signal)),
    );
  }

  /** @throws EngineUnansweredError */
  async version(): Promise<string> {
    return this.ask(
      async (signal) => engineVersionSchema.parse(await this.connection.getJson('/version', signal)).Version,
    );
  }

  /** The Engine's own id, stable over its restarts. @throws EngineUnansweredError */
  async id(): Promise<string> {
    return this.ask(
      async (signal) => engineInfoSchema.parse(await this.connection.getJson('/info', signal)).ID,
    );
  }

  /**
   * Opens the stream of container events.
   * @param sinceMs replay first what happened from this time on, inclusive, as far as the Engine remembers
   * @param untilMs end the stream at this time
   * @throws EngineUnansweredError when the Engine does not begin to answer in time
   */
  async openEvents({ sinceMs, untilMs }: { sinceMs?: number; untilMs?: number } = {}): Promise<Readable> {
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort();
    }, this.requestTimeoutMs);
    const since = sinceMs === undefined ? '' : `&since=${sinceMs / 1_000}`;
    const until = untilMs === undefined ? '' : `&until=${untilMs / 1_000}`;
    try {
      return await this.connection.open(
        `/events?filters=${eventFilters}${since}${until}`,
        AbortSignal.any([limit.signal, this.closing.signal]),
      );
    } catch (error) {
      throw unanswered(error, limit.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives up every question under way and ends every stream. */
  close(): void {
    this.closing.abort();
  }

  private async ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(this.requestTimeoutMs)]);
    try {
      return await question(signal);
    } catch (first) {
      if (!lostConnection(first) || signal.aborted) throw unanswered(first, signal);
      try {
        return await question(signal);
      } catch (second) {
        throw unanswered(second, signal);
      }
    }
  }
}
