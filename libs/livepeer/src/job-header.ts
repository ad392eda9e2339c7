import { z } from 'zod';
import { Base64Error, decodeStandardBase64, encodeStandardBase64 } from './base64.js';

/** The name of the request header that carries the job. */
export const jobHeaderName = 'Livepeer';

export class JobHeaderError extends Error {
  override readonly name = 'JobHeaderError';
}

/** Which orchestrators may do a job: compared by the gateway as exact strings with the addresses of its pool. */
export interface OrchestratorChoice {
  include?: string[];
  exclude?: string[];
}

/** What the `Livepeer` header says. `request` and `parameters` are JSON **inside a string**: both are required. */
export interface JobHeader {
  id?: string;
  request: string;
  parameters: string;
  capability: string;
  timeoutSeconds: number;
}

/** The value of `parameters`. Always a JSON object: a gateway answers 400 to a job without it. */
export function encodeParameters(choice: OrchestratorChoice = {}): string {
  const { include, exclude } = choice;
  if (!include?.length && !exclude?.length) return '{}';
  return JSON.stringify({
    orchestrators: { ...(include?.length ? { include } : {}), ...(exclude?.length ? { exclude } : {}) },
  });
}

/** The value of the `Livepeer` header. @throws {JobHeaderError} when a gateway would refuse it. */
export function encodeJobHeader(header: JobHeader): string {
  const wire = {
    ...(header.id === undefined ? {} : { id: header.id }),
    request: header.request,
    parameters: header.parameters,
    capability: header.capability,
    timeout_seconds: header.timeoutSeconds,
  };
  parseWire(wire);
  return encodeStandardBase64(JSON.stringify(wire));
}

/** Reads a `Livepeer` header by the stricter of the two profiles. @throws {JobHeaderError} with the field at fault. */
export function decodeJobHeader(text: string): JobHeader {
  let json: unknown;
  try {
    json = JSON.parse(decodeStandardBase64(text));
  } catch (error) {
    throw new JobHeaderError(error instanceof Base64Error ? error.message : 'not JSON', { cause: error });
  }
  const wire = parseWire(json);
  return {
    ...(wire.id === undefined ? {} : { id: wire.id }),
    request: wire.request,
    parameters: wire.parameters,
    capability: wire.capability,
    timeoutSeconds: wire.timeout_seconds,
  };
}

const jsonObjectInString = z.string().refine(holdsObjectOrNull, 'must be a string that holds a JSON object');

const wireSchema = z.object({
  id: z.string().optional(),
  request: jsonObjectInString,
  parameters: jsonObjectInString,
  capability: z.string().min(1),
  timeout_seconds: z.int().positive(),
});

function parseWire(json: unknown): z.output<typeof wireSchema> {
  const parsed = wireSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'header'}: ${issue.message}`);
  throw new JobHeaderError(faults.join('; '));
}

function holdsObjectOrNull(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
