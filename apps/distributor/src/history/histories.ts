import { Orchestrators } from '#payments';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { EarningsReader } from './earnings.js';
import { FleetHistoryReader } from './fleet-history.js';
import { type By, historyRange } from './history-range.js';
import {
  earningsQuery,
  earningsSchema,
  earningsToWire,
  fleetQuery,
  fleetSchema,
  fleetToWire,
  historyQuery,
  historySchema,
  historyToWire,
} from './history.wire.js';
import { OrchestratorHistoryReader } from './orchestrator-history.js';

/** How many buckets are shown unless a range is given. */
const fleetBuckets: Record<By, number> = { minute: 60, hour: 48, day: 30 };
const ownBuckets: Record<By, number> = { minute: 120, hour: 72, day: 30 };

/** Many pages look at the same fleet: it is read once in this time for all of them. */
const freshForMs = 1_000;

type FleetAnswer = z.output<typeof fleetSchema>;

/** The past in buckets, in the form of the wire. */
@Injectable()
export class Histories {
  private readonly fleets = new Map<By, { atMs: number; answer: Promise<FleetAnswer> }>();

  constructor(
    private readonly fleetReader: FleetHistoryReader,
    private readonly ownReader: OrchestratorHistoryReader,
    private readonly earningsReader: EarningsReader,
    private readonly orchestrators: Orchestrators,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  fleet({ by }: z.output<typeof fleetQuery>): Promise<FleetAnswer> {
    const nowMs = Date.now();
    const known = this.fleets.get(by);
    if (known !== undefined && nowMs - known.atMs < freshForMs) return known.answer;
    const answer = this.readFleet(by, nowMs);
    this.fleets.set(by, { atMs: nowMs, answer });
    // A failure is answered to whoever asked, and not kept.
    answer.catch(() => this.fleets.delete(by));
    return answer;
  }

  /** @throws NotFoundError */
  async ofOrchestrator(
    id: string,
    query: z.output<typeof historyQuery>,
  ): Promise<z.output<typeof historySchema>> {
    await this.orchestrators.get(id);
    const range = this.rangeOf(query, ownBuckets);
    return historyToWire(id, await this.ownReader.read(id, range), range);
  }

  async earnings(query: z.output<typeof earningsQuery>): Promise<z.output<typeof earningsSchema>> {
    const range = this.rangeOf(query, fleetBuckets);
    return earningsToWire(await this.earningsReader.read(range), query.by, range);
  }

  private async readFleet(by: By, nowMs: number): Promise<FleetAnswer> {
    const range = this.rangeOf({ by }, fleetBuckets, nowMs);
    return fleetToWire(await this.fleetReader.read(range), range);
  }

  private rangeOf(
    query: { by: By; from?: Date | undefined; to?: Date | undefined },
    buckets: Record<By, number>,
    nowMs = Date.now(),
  ) {
    return historyRange(query, {
      nowMs,
      buckets: buckets[query.by],
      periodSeconds: this.config.pay.periodSeconds,
    });
  }
}
