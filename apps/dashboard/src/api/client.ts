import * as z from 'zod/mini';

const answerLimitMs = 10_000;

/** What the distributor answered when it refused; `status` is null when it did not answer at all. */
export class Refusal extends Error {
  constructor(
    readonly status: number | null,
    message: string,
    /** Which field is at fault, by its name on the wire. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

const problemSchema = z.object({
  detail: z.string(),
  errors: z.optional(z.array(z.object({ field: z.string(), detail: z.string() }))),
});

export interface Asking {
  method?: string;
  body?: unknown;
  token?: string | null;
  accept?: string;
}

/** The answer as it is, or a refusal: `path` is relative to /api/v1. */
export async function askRaw(path: string, asking: Asking = {}): Promise<Response> {
  const { method = 'GET', body, token, accept = 'application/json' } = asking;
  let answer: Response;
  try {
    answer = await fetch(`api/v1/${path}`, {
      method,
      headers: {
        accept,
        ...(token !== undefined && token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerLimitMs),
    });
  } catch {
    throw new Refusal(null, 'The distributor does not answer.');
  }
  if (answer.ok) return answer;
  const problem = problemSchema.safeParse(await answer.json().catch(() => null));
  if (!problem.success) throw new Refusal(answer.status, `The distributor answered ${answer.status}.`);
  const { detail, errors = [] } = problem.data;
  throw new Refusal(
    answer.status,
    detail,
    Object.fromEntries(errors.map(({ field, detail: fault }) => [field, fault])),
  );
}

/** Asks and parses. @throws Refusal */
export async function ask<S extends z.ZodMiniType>(
  path: string,
  schema: S,
  asking: Asking = {},
): Promise<z.output<S>> {
  const answer = await askRaw(path, asking);
  const body: unknown = answer.status === 204 ? null : await answer.json().catch(() => undefined);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Refusal(null, 'The distributor answered in a way that this page does not understand: reload it.');
}

/** A file, saved under the name that the distributor gives it. */
export async function download(path: string, fallbackName: string, asking: Asking = {}): Promise<void> {
  const answer = await askRaw(path, asking);
  const named = /filename="?([\w.-]+)"?/.exec(answer.headers.get('content-disposition') ?? '');
  const link = document.createElement('a');
  const url = URL.createObjectURL(await answer.blob());
  link.href = url;
  link.download = named?.[1] ?? fallbackName;
  link.click();
  URL.revokeObjectURL(url);
}
