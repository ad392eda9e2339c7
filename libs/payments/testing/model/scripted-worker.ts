import { createHash } from 'node:crypto';

import { ReportSigner, signedReportToWire, type UptimeReport, zeroBytes32 } from '#monitoring';

import type {
  EvidenceOutcome,
  EvidenceRequest,
  EvidenceSource,
} from '../../src/assessments/evidence-source.js';
import { type Fault, truthOf } from './worker-truth.js';

export type Mood = 'answers' | 'silent' | 'not yet';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const signers = new Map<string, ReportSigner>();

/** Keys are made from names, so that a failing run can be played again. */
export function signerNamed(name: string): ReportSigner {
  const known = signers.get(name) ?? ReportSigner.fromPrivateKey(`0x${sha256Hex(`key of ${name}`)}`);
  signers.set(name, known);
  return known;
}

/** A worker on a stack of its own that states exactly `truthOf` its periods, with the faults that belong to them. */
export class ScriptedWorker implements EvidenceSource {
  mood: Mood = 'answers';
  key: string;
  /** Every report that was asked for. */
  asked = 0;

  constructor(
    readonly name: string,
    readonly services: readonly string[],
    private readonly nowMs: () => number,
  ) {
    this.key = name;
  }

  get address(): string {
    return signerNamed(this.key).address;
  }

  async fetch(request: EvidenceRequest): Promise<EvidenceOutcome> {
    this.asked += 1;
    if (this.mood === 'silent') return { kind: 'failed', detail: 'connection refused' };
    if (this.mood === 'not yet') return { kind: 'not-yet', retryAfterMs: 1_000, detail: 'watermark' };
    return { kind: 'report', signed: this.report(request), latencyMs: 1 };
  }

  private report({ fromMs, toMs, challenge }: EvidenceRequest): unknown {
    const { services, allUpMs, fault } = truthOf(this.name, this.services, Number(fromMs), Number(toMs));
    const shiftMs = fault === 'other window' ? 1_000n : 0n;
    const statement: Omit<UptimeReport, 'workerAddress' | 'version'> = {
      capability: 'agent-net',
      engineId: `engine of ${this.name}`,
      fromMs: fromMs - shiftMs,
      toMs: toMs - shiftMs,
      services: services.map((service) => ({
        name: service.name,
        containerIds: [sha256Hex(`${service.name} of ${this.name}`)],
        upMs: BigInt(service.upMs),
        inferredUpMs: 0n,
        downMs: BigInt(service.downMs),
        startingMs: BigInt(service.startingMs),
        unknownMs: BigInt(service.unknownMs),
      })),
      allUpMs: BigInt(allUpMs),
      challenge: fault === 'stale challenge' ? zeroBytes32 : challenge,
      issuedAtMs: BigInt(this.nowMs() + skewMs(fault)),
      previousMinuteHash: zeroBytes32,
      minuteHash: zeroBytes32,
    };
    return spoil(
      signedReportToWire(signerNamed(this.key).sign(statement)),
      fault,
      Number(fromMs / (toMs - fromMs)),
    );
  }
}

const skewMs = (fault: Fault): number =>
  fault === 'clock far off' ? 90_000 : fault === 'clock a little off' ? -10_000 : 0;

function spoil(wire: ReturnType<typeof signedReportToWire>, fault: Fault, variant: number): unknown {
  if (fault === 'changed after signing') {
    return { ...wire, report: { ...wire.report, engine_id: 'another engine' } };
  }
  if (fault !== 'malformed') return wire;
  const [first] = wire.report.services;
  const windowMs = wire.report.window_ms;
  const wrong = [null, '60000', windowMs * 1.01, windowMs + 1, -1][variant % 5];
  if (!first) return { ...wire, report: { ...wire.report, services: 'none' } };
  return { ...wire, report: { ...wire.report, services: [{ ...first, up_ms: wrong }] } };
}

/** Asks each orchestrator's own worker, by its service URI. */
export const askEach = (workers: ReadonlyMap<string, EvidenceSource>): EvidenceSource => ({
  fetch: async (request) =>
    (await workers.get(request.orchestrator.serviceUri)?.fetch(request)) ?? {
      kind: 'failed',
      detail: 'nobody there',
    },
});
