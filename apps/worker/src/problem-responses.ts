import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';

import { openApiSchema } from './open-api-schema.js';

const problemSchema = z
  .object({
    type: z.string().meta({ example: 'about:blank' }),
    title: z.string().meta({ example: 'Invalid input' }),
    status: z.int().meta({ example: 400 }),
    detail: z
      .string()
      .meta({ description: 'What is wrong, for a person', example: 'to: must lie after from' }),
    errors: z
      .array(
        z.object({
          field: z.string().meta({ description: 'Where', example: 'to' }),
          detail: z.string().meta({ description: 'What is wrong there', example: 'must lie after from' }),
        }),
      )
      .optional()
      .meta({
        description: 'The fields at fault',
        example: [{ field: 'to', detail: 'must lie after from' }],
      }),
    watermark: z
      .string()
      .optional()
      .meta({ description: 'With 409: the time up to which reports can be had, ISO 8601 UTC' }),
    kept_since: z
      .string()
      .optional()
      .meta({ description: 'With 410: since when every detail is kept, ISO 8601 UTC' }),
  })
  .meta({ title: 'Problem', description: 'RFC 9457, application/problem+json' });

const content = {
  'application/problem+json': { schema: openApiSchema(problemSchema) },
};

/** Documents the errors that a route answers, all of them problem documents. */
export const ApiProblems = (...statuses: number[]) =>
  applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({ status, description: STATUS_CODES[status] ?? 'Problem', content }),
    ),
  );
