import { type OpenApiDocument, type Operation, parametersIn } from '#platform/testing';
import fc from 'fast-check';
import { arbitraryValue, someId } from './arbitrary-value.js';

export interface FuzzRequest {
  operation: Operation;
  /** Ids that exist still stand as `@id:n`. */
  path: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string | undefined>>;
  headers: { 'idempotency-key'?: string; accept?: string };
  body: string | undefined;
  contentType: string | undefined;
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Headers hold printable ASCII on the way out of any client. */
const headerText = fc.string({ unit: 'grapheme-ascii', maxLength: 220 });

/** A request to one of the routes: mostly as documented, sometimes not at all. */
export function arbitraryRequest(
  document: OpenApiDocument,
  operations: readonly Operation[],
): fc.Arbitrary<FuzzRequest> {
  return fc.constantFrom(...operations).chain((operation) => requestTo(operation, document));
}

function requestTo(operation: Operation, document: OpenApiDocument): fc.Arbitrary<FuzzRequest> {
  const texts = (place: 'path' | 'query') =>
    Object.fromEntries(
      parametersIn(operation, place).map(({ name, schema }) => [
        name,
        arbitraryValue(schema, document).map(asText),
      ]),
    );
  const types = Object.entries(operation.requestBody?.content ?? {});
  const body =
    types.length === 0
      ? fc.constant(undefined)
      : fc.constantFrom(...types).chain(([type, { schema }]) => bodyOf(type, schema, document));
  return fc
    .record({
      path: fc.record(texts('path')),
      query: fc.record(texts('query'), { requiredKeys: [] }),
      headers: fc.record(
        {
          'idempotency-key': fc.oneof(
            fc.nat(20).map((number) => `key-${number}`),
            headerText,
          ),
          accept: fc.constantFrom('application/json', 'text/csv', '*/*', 'image/png', 'text/csv;q=0'),
        },
        { requiredKeys: [] },
      ),
      body,
    })
    .map(({ body: sent, ...rest }) => ({
      operation,
      ...rest,
      body: sent?.text,
      contentType: sent?.type,
    }));
}

function bodyOf(
  type: string,
  schema: unknown,
  document: OpenApiDocument,
): fc.Arbitrary<{ type: string; text: string }> {
  const value = arbitraryValue(schema, document);
  if (type === 'text/csv') {
    return fc
      .array(fc.array(fc.string({ maxLength: 12 }), { maxLength: 4 }), { maxLength: 4 })
      .map((rows) => ({
        type,
        text: `service_uri,worker_address\r\n${rows.map((row) => row.join()).join('\r\n')}`,
      }));
  }
  return fc.oneof(
    { weight: 30, arbitrary: value.map((json) => ({ type, text: asJson(json) })) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }).map((text) => ({ type, text })) },
    { weight: 1, arbitrary: value.map((json) => ({ type: 'text/plain', text: asJson(json) })) },
  );
}

const asJson = (value: unknown): string => JSON.stringify(value ?? null);

/** Puts ids of what exists where the request has `@id:n`. */
export function withIds(text: string, ids: readonly string[]): string {
  return text.replace(
    /@id:(\d+)/g,
    (_whole, number: string) => ids[Number(number) % ids.length] ?? someId(0),
  );
}
