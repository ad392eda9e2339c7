import { Problem } from '#platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** What PostgreSQL stores in no text: the character NUL, and halves of characters. */
const unstorable = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Deeper than any body of ours; beyond it a body is refused by its schema anyway. */
const deepest = 8;

/** Where the first such text is, as a path; undefined when there is none. */
export function unstorableField(value: unknown, path = '', depth = 0): string | undefined {
  if (typeof value === 'string') return unstorable.test(value) ? path : undefined;
  if (typeof value !== 'object' || value === null || depth > deepest) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const part = Array.isArray(value) ? `[${name}]` : path === '' ? name : `.${name}`;
    const found = unstorable.test(name) ? path : unstorableField(inner, path + part, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Refuses such text at the door, in query and body, before a route reads it. */
export function refuseUnstorableText(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preValidation', (request, _reply, done) => {
      const field = unstorableField(request.query) ?? unstorableField(request.body);
      const detail = 'holds a character that cannot be stored (NUL, or half of one)';
      done(
        field === undefined
          ? undefined
          : new Problem({ status: 400, detail: `${field} ${detail}`.trim(), errors: [{ field, detail }] }),
      );
    });
}
