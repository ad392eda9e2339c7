import { randomBytes } from 'node:crypto';

import {
  ReportSigner,
  type ServiceUptime,
  signedReportToWire,
  type UptimeReport,
  zeroBytes32,
} from '#monitoring';

import type { EvidenceOutcome, EvidenceRequest, EvidenceSource } from '../src/assessments/evidence-source.js';

type Statement = Omit<UptimeReport, 'workerAddress' | 'version'>;

/**
 * A worker that signs whatever the test wants it to have seen. Everything is up unless `downMs` says otherwise; issued at
 * the end of the window.
 */
export class TestWorker implements EvidenceSource {
  readonly signer = ReportSigner.fromPrivateKey(`0x${randomBytes(32).toString('hex')}`);
  readonly requests: EvidenceRequest[] = [];
  services = ['autogen_agent', 'redis_scb'];
  downMs: Record<string, bigint> = {};
  /** Of this worker alone, unless a test says otherwise. */
  engineId = `engine of ${this.signer.address}`;
  containerIds = (service: string): string[] => [`${service} of ${this.signer.address}`];
  /** Changes the statement before it is signed. */
  change: (statement: Statement) => Statement = (statement) => statement;
  /** Answers in the place of a report. */
  answer:
    | ((request: EvidenceRequest) => EvidenceOutcome | undefined | Promise<EvidenceOutcome | undefined>)
    | undefined;

  get address(): string {
    return this.signer.address;
  }

  async fetch(request: EvidenceRequest): Promise<EvidenceOutcome> {
    this.requests.push(request);
    const instead = await this.answer?.(request);
    return instead ?? { kind: 'report', signed: this.report(request), latencyMs: 3 };
  }

  /** The JSON of the wire. */
  report(request: Pick<EvidenceRequest, 'fromMs' | 'toMs' | 'challenge'>): Record<string, unknown> {
    const { fromMs, toMs, challenge } = request;
    const services = this.services.map((name): ServiceUptime => {
      const downMs = this.downMs[name] ?? 0n;
      const upMs = toMs - fromMs - downMs;
      return {
        name,
        containerIds: this.containerIds(name),
        upMs,
        inferredUpMs: 0n,
        downMs,
        startingMs: 0n,
        unknownMs: 0n,
      };
    });
    const statement = this.change({
      capability: 'agent-net',
      engineId: this.engineId,
      fromMs,
      toMs,
      services,
      allUpMs: services.reduce((least, { upMs }) => (upMs < least ? upMs : least), toMs - fromMs),
      challenge,
      issuedAtMs: toMs,
      previousMinuteHash: zeroBytes32,
      minuteHash: zeroBytes32,
    });
    return { ...signedReportToWire(this.signer.sign(statement)) };
  }
}

/** One source for several orchestrators: each by its service URI. */
export const bySource = (workers: Record<string, EvidenceSource>): EvidenceSource => ({
  fetch: async (request) =>
    (await workers[request.orchestrator.serviceUri]?.fetch(request)) ?? {
      kind: 'failed',
      detail: 'nobody there',
    },
});
