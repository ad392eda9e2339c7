import type { OpenApiDocument, Operation } from './document.js';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a reader of the document would miss: words, types, and an end to the list of fields. */
export function documentationFaults(document: OpenApiDocument, operations: readonly Operation[]): string[] {
  const faults = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
    // A problem may carry more (RFC 9457).
    schemaFaults(name, schema, name !== 'Problem'),
  );
  for (const { name, summary, tags, parameters, responses, requestBody } of operations) {
    if (summary === '') faults.push(`${name}: no summary`);
    if (tags.length === 0) faults.push(`${name}: no tag`);
    for (const parameter of parameters) {
      if (parameter.description === undefined) faults.push(`${name}: nothing is said of ${parameter.name}`);
      if (Object.keys(parameter.schema).length === 0) faults.push(`${name}: ${parameter.name} has no type`);
    }
    for (const [status, { content }] of Object.entries(responses)) {
      for (const [type, { schema }] of Object.entries(content)) {
        faults.push(...schemaFaults(`${name} ${status} ${type}`, schema, status.startsWith('2')));
      }
    }
    for (const { schema } of Object.values(requestBody?.content ?? {})) {
      faults.push(...schemaFaults(`${name} body`, schema));
    }
  }
  return [...new Set(faults)];
}

function schemaFaults(where: string, schema: unknown, closed = true): string[] {
  if (!isObject(schema)) return [`${where}: no schema`];
  if ('$ref' in schema) return [];
  const faults: string[] = [];
  const { properties, items } = schema;
  if (isObject(properties)) {
    if (closed && schema.additionalProperties !== false)
      faults.push(`${where}: may hold fields that nobody named`);
    for (const [name, property] of Object.entries(properties)) {
      const inner = `${where}.${name}`;
      faults.push(...schemaFaults(inner, property, closed));
      if (isObject(property) && !isExplained(property))
        faults.push(`${inner}: neither described nor with an example`);
    }
  }
  if (items !== undefined) faults.push(...schemaFaults(`${where}[]`, items, closed));
  return faults;
}

const isExplained = (property: Json): boolean =>
  'description' in property ||
  'example' in property ||
  'enum' in property ||
  '$ref' in property ||
  property.type === 'boolean' ||
  (isObject(property.items) && (isExplained(property.items) || isObject(property.items.properties))) ||
  isObject(property.properties);
