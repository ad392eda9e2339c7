import type { Readable } from 'node:stream';

import Docker from 'dockerode';
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

const property = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null && name in error ? Reflect.get(error, name) : undefined;

const statusOf = (error: unknown) => property(error, 'statusCode');

/** The server closed a kept-alive connection just when it was to be used again. */
const lostConnection = (error: unknown) => ['EPIPE', 'ECONNRESET'].includes(String(property(error, 'code')));

function unanswered(error: unknown, signal: AbortSignal): EngineUnansweredError {
  if (error instanceof EngineUnansweredError) return error;
  if (signal.aborted) return new EngineUnansweredError(unknownBecause.inspectionTimedOut, error);
  if (error instanceof z.ZodError)
    return new EngineUnansweredError(unknownBecause.answerNotUnderstood, error);
  const reason =
    statusOf(error) === undefined ? unknownBecause.engineUnreachable : unknownBecause.engineRefused;
  return new EngineUnansweredError(reason, error);
}

const eventFilters = { type: ['container' as const] };

export interface EngineClientOptions {
  /** DOCKER_HOST syntax; undefined is the default socket. */
  dockerHost?: string | undefined;
  requestTimeoutMs: number;
}

/** The few questions that we ask the Docker Engine, all of them GET. Every answer is parsed; every wait has a limit. */
export class EngineClient {
  private readonly docker: Docker;
  /** Apart, because a limit on requests must never end the event stream. */
  private readonly streaming: Docker;
  private readonly requestTimeoutMs: number;
  private readonly closing = new AbortController();

  constructor({ dockerHost, requestTimeoutMs }: EngineClientOptions) {
    const address = parseDockerHost(dockerHost);
    // Not every method takes a signal; the idle limit, just behind it, frees the socket of the others.
    this.docker = new Docker({ ...address, timeout: requestTimeoutMs + 1_000 });
    this.streaming = new Docker(address);
    this.requestTimeoutMs = requestTimeoutMs;
  }

  /**
   * Asks about one exact name. The Engine also accepts the beginning of an id as a name, so the answer's name counts.
   * @param policy what the container must be; null when any will do
   * @throws EngineUnansweredError
   */
  async inspect(name: string, policy: IdentityPolicy | null = null): Promise<Finding> {
    return this.ask(async (abortSignal) => {
      try {
        const answer: unknown = await this.docker
          .getContainer(encodeURIComponent(name))
          .inspect({ abortSignal });
        const { name: answered, facts, identity } = inspectionSchema.parse(answer);
        if (answered !== `/${name}`) return { kind: 'missing' };
        return { kind: 'container', container: { ...facts, mismatch: mismatchOf(identity, policy) } };
      } catch (error) {
        if (statusOf(error) === 404) return { kind: 'missing' };
        throw error;
      }
    });
  }

  /** Names of all containers, running or not. @throws EngineUnansweredError */
  async listNames(): Promise<string[]> {
    return this.ask(async (abortSignal) => {
      const answer: unknown = await this.docker.listContainers({ all: true, abortSignal });
      return containerListSchema.parse(answer);
    });
  }

  /** @throws EngineUnansweredError */
  async version(): Promise<string> {
    return this.ask(async () => engineVersionSchema.parse(await this.docker.version()).Version);
  }

  /** The Engine's own id, stable over its restarts. @throws EngineUnansweredError */
  async id(): Promise<string> {
    return this.ask(async () => {
      const answer: unknown = await this.docker.info();
      return engineInfoSchema.parse(answer).ID;
    });
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
    try {
      const request = {
        filters: eventFilters,
        ...(sinceMs !== undefined && { since: sinceMs / 1000 }),
        ...(untilMs !== undefined && { until: untilMs / 1000 }),
        abortSignal: AbortSignal.any([limit.signal, this.closing.signal]),
      };
      const stream = await this.streaming.getEvents(request);
      if (!isReadable(stream)) throw new TypeError('The Engine did not answer with a stream');
      return stream;
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
      return await within(signal, question);
    } catch (first) {
      if (!lostConnection(first) || signal.aborted) throw unanswered(first, signal);
      try {
        return await within(signal, question);
      } catch (second) {
        throw unanswered(second, signal);
      }
    }
  }
}

const isReadable = (stream: NodeJS.ReadableStream): stream is Readable => 'destroy' in stream;

/** Not every method of the client takes a signal, and an abort is not noticed in every phase of a request. */
async function within<T>(signal: AbortSignal, question: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(new Error('no answer within the time limit'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([question(signal), limit]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
