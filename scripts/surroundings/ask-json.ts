import { z } from 'zod';

export interface Question {
  method?: 'GET' | 'POST';
  body?: unknown;
  bearer?: string | undefined;
  headers?: Readonly<Record<string, string>>;
  timeoutMs?: number;
}

/** A part of the deployment gave no usable answer; the message says which, why, and what may be done. */
export class PartError extends Error {
  override readonly name = 'PartError';
  constructor(
    message: string,
    readonly status: number | null,
    /** The answer's JSON, when it had any. */
    readonly answer: unknown,
  ) {
    super(message);
  }
}

const problemSchema = z.object({ title: z.string().optional(), detail: z.string().optional() });

/**
 * One JSON question to one part.
 * @param part as people call it: `the worker`
 * @throws PartError
 */
export async function askJson<S extends z.ZodType>(
  part: string,
  url: string,
  schema: S,
  { method = 'GET', body, bearer, headers = {}, timeoutMs = 10_000 }: Question = {},
): Promise<z.output<S>> {
  let status: number;
  let text: string;
  try {
    const answer = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        ...headers,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    throw new PartError(
      `${part} cannot be reached at ${new URL(url).origin}: ${reasonOf(error)}`,
      null,
      undefined,
    );
  }
  const json = parse(text);
  if (status !== 200 && status !== 201) {
    const problem = problemSchema.safeParse(json);
    const said = problem.success ? (problem.data.detail ?? problem.data.title) : text.trim().slice(0, 300);
    throw new PartError(`${part} answered ${status}${said ? `: ${said}` : ''}`, status, json);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new PartError(
    `${part} answered something else than expected: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    status,
    json,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  const { cause } = error;
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : error.message;
}
