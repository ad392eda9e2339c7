import { addressSchema, fieldPath, hex32Schema, isoTimeSchema, toIsoTime } from '#platform';
import { z } from 'zod';

import type { ServiceUptime, SignedReport, UptimeReport } from './uptime-report.js';

/** Bounds of what a stranger may send; far above what a worker needs. */
const limits = { services: 1_000, containerIdsPerService: 1_000, textLength: 256 };

/** Without control characters; a lone surrogate has no UTF-8 form, so that two different texts could be signed as one. */
const text = (minimum: number) =>
  z
    .string()
    .min(minimum)
    .max(limits.textLength)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters');

/**
 * JSON integers only: `60000.5`, `"60000"` and `-1` are refused, not converted. They become `bigint` with the whole report,
 * as times do: a transform for each of fifty fields would cost as much as all else.
 */
const milliseconds = z
  .int({ error: 'must be a whole number of milliseconds' })
  .min(0, 'must not be negative');

const serviceSchema = z.strictObject({
  name: text(1),
  container_ids: z.array(text(1)).max(limits.containerIdsPerService),
  up_ms: milliseconds,
  inferred_up_ms: milliseconds,
  down_ms: milliseconds,
  starting_ms: milliseconds,
  unknown_ms: milliseconds,
});

const reportShape = z.strictObject({
  version: z.literal(1),
  capability: text(1),
  worker_address: addressSchema,
  engine_id: text(0),
  from: isoTimeSchema,
  to: isoTimeSchema,
  window_ms: milliseconds,
  services: z.array(serviceSchema).max(limits.services),
  all_up_ms: milliseconds,
  challenge: hex32Schema,
  issued_at: isoTimeSchema,
  previous_minute_hash: hex32Schema,
  minute_hash: hex32Schema,
});

type WireReport = z.output<typeof reportShape>;
type Complain = (path: (string | number)[], message: string) => void;

function toReport(wire: WireReport): UptimeReport {
  return {
    version: wire.version,
    capability: wire.capability,
    workerAddress: wire.worker_address,
    engineId: wire.engine_id,
    fromMs: BigInt(wire.from),
    toMs: BigInt(wire.to),
    services: wire.services.map((service): ServiceUptime => ({
      name: service.name,
      containerIds: service.container_ids,
      upMs: BigInt(service.up_ms),
      inferredUpMs: BigInt(service.inferred_up_ms),
      downMs: BigInt(service.down_ms),
      startingMs: BigInt(service.starting_ms),
      unknownMs: BigInt(service.unknown_ms),
    })),
    allUpMs: BigInt(wire.all_up_ms),
    challenge: wire.challenge,
    issuedAtMs: BigInt(wire.issued_at),
    previousMinuteHash: wire.previous_minute_hash,
    minuteHash: wire.minute_hash,
  };
}

function checkServices(services: readonly ServiceUptime[], windowMs: bigint, complain: Complain) {
  const names = new Set<string>();
  services.forEach((service, index) => {
    const at = (field: keyof WireReport['services'][number]) => ['services', index, field];
    if (names.has(service.name)) complain(at('name'), `"${service.name}" appears twice`);
    names.add(service.name);
    const sum = service.upMs + service.downMs + service.startingMs + service.unknownMs;
    if (service.upMs > windowMs) {
      complain(at('up_ms'), `is more than the window of ${windowMs.toString()} ms`);
    } else if (sum !== windowMs) {
      complain(
        at('up_ms'),
        `up_ms + down_ms + starting_ms + unknown_ms is ${sum.toString()}, not the window of ${windowMs.toString()} ms`,
      );
    }
    if (service.inferredUpMs > service.upMs) {
      complain(at('inferred_up_ms'), 'is more than up_ms, which includes it');
    }
  });
}

function checkReport(
  { fromMs, toMs, services, allUpMs }: UptimeReport,
  windowMs: bigint,
  complain: Complain,
) {
  if (toMs <= fromMs) complain(['to'], 'must lie after from');
  else if (windowMs !== toMs - fromMs) {
    complain(['window_ms'], `must be to - from, ${(toMs - fromMs).toString()}`);
  } else {
    checkServices(services, windowMs, complain);
    const most = services.reduce((least, { upMs }) => (upMs < least ? upMs : least), windowMs);
    if (services.length === 0 ? allUpMs > 0n : allUpMs > most) {
      complain(['all_up_ms'], 'is more than the up_ms of a service');
    }
  }
}

// Rules between fields run in the transform, which waits until every field by itself is right.
const reportSchema = reportShape.transform((wire, context): UptimeReport => {
  const report = toReport(wire);
  checkReport(report, BigInt(wire.window_ms), (path, message) => {
    context.addIssue({ code: 'custom', path, message });
  });
  return report;
});

/**
 * The signed report as it travels (`GET /reports`), parsed without any leniency: types, ranges, sums, unique names, and
 * no field beyond those that are signed. Says nothing about the signature: that is `recoverReportSigner`'s.
 */
export const signedReportSchema = z
  .strictObject({
    report: reportSchema,
    signature: z
      .string()
      .regex(/^0x[0-9a-fA-F]{130}$/, 'must be 65 bytes in hexadecimal, 0x and 130 digits')
      .transform((value): SignedReport['signature'] => `0x${value.slice(2).toLowerCase()}`),
  })
  .transform((signed): SignedReport => signed);

/** The JSON object that `signedReportSchema` parses back into the same report. */
export function signedReportToWire({ report, signature }: SignedReport) {
  return {
    report: {
      version: report.version,
      capability: report.capability,
      worker_address: report.workerAddress,
      engine_id: report.engineId,
      from: toIsoTime(report.fromMs),
      to: toIsoTime(report.toMs),
      window_ms: Number(report.toMs - report.fromMs),
      services: report.services.map((service) => ({
        name: service.name,
        container_ids: service.containerIds,
        up_ms: Number(service.upMs),
        inferred_up_ms: Number(service.inferredUpMs),
        down_ms: Number(service.downMs),
        starting_ms: Number(service.startingMs),
        unknown_ms: Number(service.unknownMs),
      })),
      all_up_ms: Number(report.allUpMs),
      challenge: report.challenge,
      issued_at: toIsoTime(report.issuedAtMs),
      previous_minute_hash: report.previousMinuteHash,
      minute_hash: report.minuteHash,
    },
    signature,
  };
}

export type SignedReportWire = ReturnType<typeof signedReportToWire>;

/** One thing wrong with a report, `field` as a path: `report.services[2].up_ms`. */
export interface ReportFault {
  field: string;
  detail: string;
}

export class MalformedReportError extends Error {
  constructor(readonly faults: readonly ReportFault[]) {
    super(`The report is malformed: ${faults.map(({ field, detail }) => `${field} ${detail}`).join('; ')}`);
    this.name = 'MalformedReportError';
  }
}

/** At most this many faults are told: a stranger's report must not fill a log. */
const mostFaults = 10;

/** @throws MalformedReportError, whose message names every field at fault */
export function parseSignedReport(wire: unknown): SignedReport {
  const result = signedReportSchema.safeParse(wire);
  if (result.success) return result.data;
  throw new MalformedReportError(
    result.error.issues
      .slice(0, mostFaults)
      .map(({ path, message }) => ({ field: fieldPath(path) || 'report', detail: message })),
  );
}
