import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { ServiceSelection } from '../containers/service-selection.js';
import { monitoringSchema } from './monitoring-schema.js';
import { MonitoringPlan } from './monitoring-plan.js';
import { type FileFault, YamlText } from './yaml-faults.js';

/** Longer ones are not read. */
const maxLength = 1024 * 1024;

/** Everything that is wrong with the file, at once. */
export class MonitoringFileError extends Error {
  constructor(
    readonly file: string,
    readonly faults: readonly FileFault[],
  ) {
    super(MonitoringFileError.lines(file, faults).join('\n'));
    this.name = 'MonitoringFileError';
  }

  /** `file:line:column path message`, one line per fault. */
  get lines(): string[] {
    return MonitoringFileError.lines(this.file, this.faults);
  }

  private static lines(file: string, faults: readonly FileFault[]): string[] {
    return faults.map(({ line, column, path, message }) =>
      [`${file}:${line}:${column}`, path, message].filter((part) => part !== '').join(' '),
    );
  }
}

export interface MonitoringFileOptions {
  /** The environment, for secrets. */
  variable: (name: string) => string | undefined;
  /** Whether anything is watched that the name or glob stands for. */
  isWatched: (services: string) => boolean;
}

function textOf(file: string): string {
  const text = readFileSync(file, 'utf8');
  if (text.length > maxLength) throw new RangeError('it is too long');
  return text;
}

const byPlace = (left: FileFault, right: FileFault) => left.line - right.line || left.column - right.column;

const serviceNames = (value: unknown) =>
  Object.keys(
    z.object({ services: z.record(z.string(), z.unknown()) }).safeParse(value).data?.services ?? {},
  );

/** @throws MonitoringFileError with every fault */
export function readMonitoringFile(
  file: string,
  { variable, isWatched }: MonitoringFileOptions,
): MonitoringPlan {
  let yaml: YamlText;
  let value: unknown;
  try {
    yaml = new YamlText(textOf(file));
    value = yaml.faults.length > 0 ? undefined : yaml.value;
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new MonitoringFileError(file, [{ line: 1, column: 1, path: '', message }]);
  }
  if (yaml.faults.length > 0) throw new MonitoringFileError(file, yaml.faults);
  const result = monitoringSchema(variable).safeParse(value);
  // A mistyped name would otherwise mean that nothing is asked, without a word.
  const unwatched = serviceNames(value)
    .filter((name) => !isWatched(name))
    .map((name) => yaml.fault(['services', name], 'is not among the watched services (MONITORED_SERVICES)'));
  if (!result.success || unwatched.length > 0) {
    const faults = [...yaml.faultsOf(result.error?.issues ?? []), ...unwatched];
    throw new MonitoringFileError(file, faults.sort(byPlace));
  }
  return new MonitoringPlan(
    Object.entries(result.data.services).map(([services, { probe, identity }]) => ({
      services,
      probe: probe ?? null,
      identity: identity ?? null,
    })),
  );
}

export interface MonitoringPlanOptions {
  /** Absent: `monitoring.yaml` in the data directory, else in the working directory, if there is one. */
  file: string | undefined;
  dataDir: string;
  /** The names and globs that are watched. */
  services: readonly string[];
  variable: (name: string) => string | undefined;
}

const fileName = 'monitoring.yaml';

/** The plan of the file, or an empty one where there is no file. @throws MonitoringFileError */
export function loadMonitoringPlan({
  file,
  dataDir,
  services,
  variable,
}: MonitoringPlanOptions): MonitoringPlan {
  const found = file ?? [join(dataDir, fileName), fileName].find((candidate) => existsSync(candidate));
  return found === undefined
    ? new MonitoringPlan([])
    : readMonitoringFile(found, { variable, isWatched: (name) => coversAny(services, name) });
}

/** Two globs may stand for the same containers; which exist is not known at start. */
function coversAny(watched: readonly string[], services: string): boolean {
  if (watched.includes(services)) return true;
  if (services.includes('*') && watched.some((name) => name.includes('*'))) return true;
  const [asked, given] = [new ServiceSelection([services]), new ServiceSelection(watched)];
  return given.includes(services) || watched.some((name) => asked.includes(name));
}
