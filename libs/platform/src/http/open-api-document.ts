import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

export interface OpenApiOptions {
  title: string;
  description: string;
  version: string;
  bearerAuth?: boolean;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** The document of an app as other programs read it. */
export function openApiDocument(app: INestApplication, options: OpenApiOptions): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.0.3')
    .setTitle(options.title)
    .setDescription(options.description)
    .setVersion(options.version);
  if (options.bearerAuth) builder.addBearerAuth();
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  finish(document, document.components?.schemas ?? {});
  return document;
}

/** What the generator leaves out or gets wrong, put right throughout the document. */
function finish(part: unknown, schemas: Json): void {
  if (Array.isArray(part)) {
    part.forEach((item) => {
      finish(item, schemas);
    });
    return;
  }
  if (!isObject(part)) return;
  completeNullableEnum(part);
  makeTextOfCsv(part);
  shareProblem(part, schemas);
  for (const inner of Object.values(part)) finish(inner, schemas);
}

/** OpenAPI 3.0.3: null must stand among the values; `nullable` alone lets no null through. */
function completeNullableEnum(part: Json): void {
  if (part.nullable === true && Array.isArray(part.enum) && !part.enum.includes(null)) {
    part.enum = [...part.enum.map((value: unknown) => value), null];
  }
}

/** A route that answers JSON or CSV is declared with one schema for both. */
function makeTextOfCsv(part: Json): void {
  if (!isObject(part.content) || !('application/json' in part.content) || !('text/csv' in part.content))
    return;
  part.content = {
    ...part.content,
    'text/csv': { schema: { type: 'string', description: 'RFC 4180 with a header row' } },
  };
}

/** Every error of every route repeats the same schema: it becomes one component. */
function shareProblem(part: Json, schemas: Json): void {
  const { schema } = part;
  if (!isObject(schema) || schema.title !== 'Problem') return;
  schemas.Problem ??= schema;
  part.schema = { $ref: '#/components/schemas/Problem' };
}
