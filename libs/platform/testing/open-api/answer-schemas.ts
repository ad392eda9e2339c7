import { Ajv, type ValidateFunction } from 'ajv';
import type { OpenApiDocument, Operation } from './document.js';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** OpenAPI 3.0's own words for what JSON Schema says otherwise. */
export function toJsonSchema(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(toJsonSchema);
  if (!isObject(part)) return part;
  const { nullable, example: _example, ...rest } = part;
  const schema: Json = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, toJsonSchema(value)]),
  );
  if (typeof schema.$ref === 'string') schema.$ref = schema.$ref.replace(/^#/, 'api#');
  for (const [exclusive, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (part[exclusive] === true) [schema[exclusive], schema[bound]] = [schema[bound], undefined];
    if (part[exclusive] === false) schema[exclusive] = undefined;
  }
  if (nullable === true && typeof schema.type === 'string') schema.type = [schema.type, 'null'];
  return JSON.parse(JSON.stringify(schema));
}

/** Holds answers against what the document says of them. */
export class AnswerSchemas {
  private readonly ajv = new Ajv({ strict: false, allErrors: true });
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    this.ajv.addFormat('uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    this.ajv.addFormat('date-time', /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
    this.ajv.addFormat('uri', (text) => URL.canParse(text));
    this.ajv.addSchema({
      $id: 'api',
      components: { schemas: toJsonSchema(document.components.schemas) },
    });
  }

  /** What is wrong with this answer; nothing when it is as documented. */
  faultsOf(
    operation: Operation,
    answer: { status: number; headers: Headers; body: unknown },
    what = operation.name,
  ): string[] {
    const documented = operation.responses[String(answer.status)];
    const shown = JSON.stringify(answer.body ?? null).slice(0, 300);
    if (!documented) return [`${what}: answered ${answer.status}, which is not documented: ${shown}`];
    const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const types = Object.keys(documented.content);
    if (types.length === 0) return [];
    const content = documented.content[type];
    if (!content) return [`${what}: answered ${answer.status} as ${type}, documented is ${types.join()}`];
    if (!type.endsWith('json')) return [];
    const check = this.check(`${operation.name} ${answer.status} ${type}`, content.schema);
    if (check(answer.body)) return [];
    return (check.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${what} ${answer.status}: ${instancePath} ${message ?? ''} ${JSON.stringify(params)} in ${shown}`,
    );
  }

  private check(name: string, schema: unknown): ValidateFunction {
    const known = this.compiled.get(name);
    if (known) return known;
    const made = this.ajv.compile(toJsonSchema(schema) as Json);
    this.compiled.set(name, made);
    return made;
  }
}
