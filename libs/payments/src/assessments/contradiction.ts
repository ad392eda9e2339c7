import type { ServiceUptime, UptimeReport } from '#monitoring';

/**
 * Where two reports about one window cannot both be true; null where they can. Compared is what they say about the
 * window: the containers and the milliseconds of each service that both name, and the time in which all were up when both
 * name the same ones. A sealed window never changes, so that an honest worker says the same for ever. Not compared is
 * what may rightly differ between two questions: the challenge, the time of issue, the hashes of the journal (a minute
 * may be sealed in between), the Engine's id (unknown until the Engine first answered) and services that only one of
 * them names (the worker was told to watch others: what is missing earns nothing anyway).
 */
export function contradiction(one: UptimeReport, other: UptimeReport): string | null {
  const others = new Map(other.services.map((service) => [service.name, service]));
  let inBoth = 0;
  for (const service of one.services) {
    const same = others.get(service.name);
    if (!same) continue;
    inBoth += 1;
    const difference = differenceOf(service, same);
    if (difference !== null) return `${service.name} ${difference}`;
  }
  const sameServices = inBoth === one.services.length && inBoth === other.services.length;
  return sameServices && one.allUpMs !== other.allUpMs
    ? `all services together were up ${one.allUpMs} ms in one and ${other.allUpMs} ms in the other`
    : null;
}

const compared = [
  ['upMs', 'up'],
  ['inferredUpMs', 'inferred to be up'],
  ['downMs', 'down'],
  ['startingMs', 'starting'],
  ['unknownMs', 'unknown'],
] as const;

function differenceOf(one: ServiceUptime, other: ServiceUptime): string | null {
  for (const [field, state] of compared) {
    if (one[field] !== other[field])
      return `was ${state} ${one[field]} ms in one and ${other[field]} ms in the other`;
  }
  const sameContainers =
    one.containerIds.length === other.containerIds.length &&
    one.containerIds.every((id, index) => id === other.containerIds[index]);
  return sameContainers ? null : 'ran in one container in one and in another in the other';
}
