import { z } from 'zod';

const media = z.record(z.string(), z.object({ schema: z.unknown() }).loose());

const parameter = z
  .object({
    name: z.string(),
    in: z.enum(['path', 'query', 'header']),
    required: z.boolean().default(false),
    description: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
  })
  .loose();

const operation = z
  .object({
    operationId: z.string(),
    summary: z.string().default(''),
    tags: z.array(z.string()).default([]),
    security: z.array(z.unknown()).default([]),
    parameters: z.array(parameter).default([]),
    requestBody: z.object({ content: media }).loose().optional(),
    responses: z.record(z.string(), z.object({ content: media.default({}) }).loose()),
  })
  .loose();

const methods = z.enum(['get', 'post', 'put', 'patch', 'delete']);

const documentSchema = z
  .object({
    openapi: z.string(),
    components: z.object({ schemas: z.record(z.string(), z.unknown()).default({}) }).loose(),
    paths: z.record(z.string(), z.partialRecord(methods, operation)),
  })
  .loose();

export type OpenApiDocument = z.output<typeof documentSchema>;

export interface Operation extends z.output<typeof operation> {
  /** `GET /api/v1/orchestrators/{id}` */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
}

const upper = z
  .string()
  .transform((text) => text.toUpperCase())
  .pipe(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']));

/** What `/docs-json` answers, taken apart. */
export function readOpenApi(json: unknown): { document: OpenApiDocument; operations: Operation[] } {
  const document = documentSchema.parse(json);
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([lower, parts]): Operation => {
      const method = upper.parse(lower);
      return { ...operation.parse(parts), method, path, name: `${method} ${path}` };
    }),
  );
  return { document, operations };
}

export const parametersIn = ({ parameters }: Operation, place: 'path' | 'query' | 'header') =>
  parameters.filter((one) => one.in === place);
