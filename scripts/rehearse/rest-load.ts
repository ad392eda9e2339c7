import { Loop } from '#platform';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { PartError } from '../surroundings/ask-json.js';
import type { PayerApi } from './payer-api.js';

export interface LoadReport {
  reads: number;
  /** How often a read was not answered with 200, by what it was answered with instead. */
  failures: ReadonlyMap<string, number>;
  /** The longest time between two answers of 200, milliseconds. */
  longestGapMs: number;
  /** Of the answers of 200. */
  slowestMs: number;
  /** Adjustments that were asked for, each until it was answered. */
  writes: number;
  writeRetries: number;
}

const paths = ['status', 'balances', 'assessments?limit=50', 'payments?limit=50', 'orchestrators', 'rates'];
const readEveryMs = 50;
const writeEveryMs = 500;
const answerLimitMs = 10_000;
/** Beyond it a stalled server is asked nothing more, which shows as a gap. */
const mostReadsAtOnce = 20;

/**
 * What a dashboard and a payer's program ask of the distributor, on a timetable, whether or not it answers: twenty reads a
 * second, and two adjustments of a micro-dollar, each asked again under its key until it is answered.
 */
export class RestLoad {
  private readonly reader: Loop;
  private readonly writer: Loop;
  private readonly failures = new Map<string, number>();
  private readonly keys: string[] = [];
  private readonly inFlight = new Set<Promise<void>>();
  private unanswered: string | undefined;
  private reads = 0;
  private writeRetries = 0;
  private longestGapMs = 0;
  private slowestMs = 0;
  private answeredAtMs = performance.now();

  constructor(
    private readonly api: PayerApi,
    private readonly orchestratorId: string,
  ) {
    this.reader = new Loop({
      name: 'rehearsal-reads',
      everyMs: readEveryMs,
      run: async () => {
        this.send();
      },
    });
    this.writer = new Loop({ name: 'rehearsal-writes', everyMs: writeEveryMs, run: () => this.write() });
  }

  start(): void {
    this.answeredAtMs = performance.now();
    this.reader.start();
    this.writer.start();
  }

  async stop(): Promise<LoadReport> {
    await Promise.all([this.reader.stop(), this.writer.stop()]);
    await Promise.all(this.inFlight);
    if (this.unanswered !== undefined) await this.write();
    return {
      ...{ reads: this.reads, failures: this.failures, slowestMs: this.slowestMs },
      longestGapMs: Math.max(this.longestGapMs, performance.now() - this.answeredAtMs),
      ...{ writes: this.keys.length, writeRetries: this.writeRetries },
    };
  }

  /** Asks for every adjustment once more under its old key: none may be booked a second time. */
  async repeatWrites(): Promise<void> {
    for (const key of this.keys) await this.adjust(key);
  }

  /** In words: adjustments that were answered and are not there, or are there twice. */
  async writeFaults(): Promise<string[]> {
    const booked = new Map<string, number>();
    for (const { reason } of await this.api.adjustments()) booked.set(reason, (booked.get(reason) ?? 0) + 1);
    return this.keys.flatMap((key) => {
      const times = booked.get(reasonOf(key)) ?? 0;
      return times === 1 ? [] : [`the adjustment ${key} was booked ${times} times`];
    });
  }

  private send(): void {
    if (this.inFlight.size >= mostReadsAtOnce) return;
    const path = paths[this.reads % paths.length] ?? 'status';
    this.reads += 1;
    const sent = this.read(path).finally(() => this.inFlight.delete(sent));
    this.inFlight.add(sent);
  }

  private async read(path: string): Promise<void> {
    const beganMs = performance.now();
    try {
      await this.api.ask(path, z.unknown(), { timeoutMs: answerLimitMs });
      const nowMs = performance.now();
      this.slowestMs = Math.max(this.slowestMs, nowMs - beganMs);
      this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.answeredAtMs);
      this.answeredAtMs = nowMs;
    } catch (error) {
      if (!(error instanceof PartError)) throw error;
      const what = error.status === null ? 'no answer' : `status ${error.status}`;
      this.failures.set(what, (this.failures.get(what) ?? 0) + 1);
    }
  }

  private async write(): Promise<void> {
    const key = (this.unanswered ??= randomUUID());
    try {
      await this.adjust(key);
      this.keys.push(key);
      this.unanswered = undefined;
    } catch (error) {
      if (!(error instanceof PartError)) throw error;
      this.writeRetries += 1;
    }
  }

  private adjust(key: string): Promise<unknown> {
    return this.api.ask('adjustments', z.unknown(), {
      method: 'POST',
      headers: { 'idempotency-key': key },
      body: { orchestrator_id: this.orchestratorId, amount_usd: '0.000001', reason: reasonOf(key) },
      timeoutMs: answerLimitMs,
    });
  }
}

const reasonOf = (key: string) => `rehearsal ${key}`;
