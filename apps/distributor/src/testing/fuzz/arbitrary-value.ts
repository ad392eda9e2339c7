import type { OpenApiDocument } from '#platform/testing';
import fc from 'fast-check';
import { z } from 'zod';

/** Stands for the id of something that exists, chosen when the request is sent. */
export const someId = (number: number) => `@id:${number}`;

const schemaShape = z
  .object({
    $ref: z.string(),
    type: z.string(),
    enum: z.array(z.unknown()),
    format: z.string(),
    pattern: z.string(),
    minLength: z.number(),
    maxLength: z.number(),
    minimum: z.number(),
    maximum: z.number(),
    minItems: z.number(),
    items: z.unknown(),
    properties: z.record(z.string(), z.unknown()),
    required: z.array(z.string()),
    nullable: z.boolean(),
  })
  .partial();

/** What breaks parsers, encodings and databases. */
const awkwardText = fc.constantFrom(
  ...[
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\uffff',
    '=1+1',
    "'; drop table payments.payout; --",
    '../../etc/passwd',
  ],
  ...['%00', '__proto__', 'null', 'undefined', 'NaN', '1e309', '-0', '💸', '\u202e', 'x'.repeat(5_000)],
);

const junk = fc.oneof(
  awkwardText,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(null, true, -1, 0, 1.5, Number.MAX_SAFE_INTEGER, 1e300, [], {}, [[]], { a: { b: [] } }),
  fc.jsonValue({ maxDepth: 2 }),
);

const times = fc.oneof(
  fc
    .date({
      min: new Date('2026-01-01T00:00:00Z'),
      max: new Date('2027-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '1969-12-31T23:59:59Z',
    '2026-02-29T00:00:00Z',
  ),
);

/** Five of six as the schema has it, the sixth anything. */
export function arbitraryValue(schema: unknown, document: OpenApiDocument): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 11, arbitrary: valid(schema, document) }, { weight: 1, arbitrary: junk });
}

function valid(raw: unknown, document: OpenApiDocument): fc.Arbitrary<unknown> {
  const parsed = schemaShape.safeParse(raw);
  if (!parsed.success) return junk;
  const schema = parsed.data;
  if (schema.$ref !== undefined) {
    return valid(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''], document);
  }
  const value = ofType(schema, document);
  return schema.nullable === true ? fc.option(value, { freq: 6 }) : value;
}

function ofType(schema: z.output<typeof schemaShape>, document: OpenApiDocument): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const { minimum = -1_000, maximum = 1_000, properties } = schema;
  switch (schema.type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({ min: minimum, max: maximum });
    case 'number':
      return fc.oneof(
        fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) }).map((number) => number / 1),
        fc.integer({ min: 0, max: 9_999 }).map((number) => number / 100),
      );
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(arbitraryValue(schema.items, document), {
        minLength: schema.minItems ?? 0,
        maxLength: 4,
      });
    case undefined:
    default: {
      if (!properties) return junk;
      const parts = Object.fromEntries(
        Object.entries(properties).map(([name, part]) => [name, arbitraryValue(part, document)]),
      );
      const requiredKeys = (schema.required ?? []).filter((name) => name in parts);
      return fc.oneof(
        { weight: 12, arbitrary: fc.record(parts, { requiredKeys }) },
        { weight: 1, arbitrary: fc.record(parts, { requiredKeys: [] }) },
        { weight: 1, arbitrary: fc.dictionary(fc.string(), junk, { maxKeys: 3 }) },
      );
    }
  }
}

function text({
  format,
  pattern,
  minLength,
  maxLength = 60,
}: z.output<typeof schemaShape>): fc.Arbitrary<unknown> {
  if (format === 'uuid') {
    return fc.oneof({ weight: 8, arbitrary: fc.nat(1_000).map(someId) }, { weight: 1, arbitrary: fc.uuid() });
  }
  if (format === 'date-time') return times;
  const free = fc.string({
    unit: 'grapheme',
    ...(minLength !== undefined && { minLength }),
    maxLength: Math.min(60, maxLength),
  });
  const url = fc.nat(10_000).map((number) => `https://f-${number}:9995`);
  if (pattern === undefined) return fc.oneof(free, url, awkwardText);
  return fc.oneof(
    { weight: 5, arbitrary: fc.stringMatching(new RegExp(pattern)) },
    { weight: 1, arbitrary: awkwardText },
  );
}
