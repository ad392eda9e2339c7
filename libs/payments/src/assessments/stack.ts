import type { ServiceUptime, UptimeReport } from '#monitoring';

import type { ReasonCode } from './reason.js';

/** Something that one payee alone may be paid for: a container of a required service, or a Docker Engine. */
export interface StackPart {
  kind: 'container' | 'engine';
  claimedId: string;
  /** What runs in the container; null for an Engine. */
  service: string | null;
}

export const describePart = ({ claimedId, service }: StackPart): string =>
  service === null ? `The Docker Engine ${claimedId}` : `The container ${claimedId} (${service})`;

/** A service that is replaced more often within one window is hardly up, and nobody may fill the books with ids. */
const MOST_CONTAINERS_PER_SERVICE = 100;

/** Containers of services that nobody required count for nothing: nobody can claim another's by listing them. */
const requiredOf = (report: UptimeReport, requiredServices: readonly string[]): ServiceUptime[] =>
  report.services.filter(({ name }) => requiredServices.includes(name));

/** What the report's own stack cannot be; null where it can. */
export function stackFault(
  report: UptimeReport,
  requiredServices: readonly string[],
): { reason: ReasonCode; text: string } | null {
  const serviceOf = new Map<string, string>();
  for (const { name, containerIds, upMs } of requiredOf(report, requiredServices)) {
    if (upMs > 0n && containerIds.length === 0) {
      const text = `The report is malformed: it claims ${upMs} ms of up time for ${name}, but names no container of it.`;
      return { reason: 'malformed_report', text };
    }
    if (containerIds.length > MOST_CONTAINERS_PER_SERVICE) {
      const text = `The report is malformed: it names ${containerIds.length} containers of ${name}, more than ${MOST_CONTAINERS_PER_SERVICE}.`;
      return { reason: 'malformed_report', text };
    }
    for (const id of containerIds) {
      const other = serviceOf.get(id);
      if (other !== undefined && other !== name) {
        const text = `The report names the container ${id} for two services, ${other} and ${name}: one container is one service.`;
        return { reason: 'shared_stack', text };
      }
      serviceOf.set(id, name);
    }
  }
  return null;
}

/** What a payee claims with a paid report. An empty Engine id (behind a proxy of the Engine) claims nothing. */
export function stackOf(report: UptimeReport, requiredServices: readonly string[]): StackPart[] {
  const containers = requiredOf(report, requiredServices).flatMap(({ name, containerIds }) =>
    [...new Set(containerIds)].map((id): StackPart => ({
      kind: 'container',
      claimedId: id,
      service: name,
    })),
  );
  const { engineId } = report;
  return engineId === ''
    ? containers
    : [...containers, { kind: 'engine', claimedId: engineId, service: null }];
}
