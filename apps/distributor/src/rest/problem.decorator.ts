import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';

const problemContent = {
  'application/problem+json': {
    schema: {
      type: 'object',
      title: 'Problem',
      description: 'RFC 9457',
      required: ['type', 'title', 'status', 'detail'],
      properties: {
        type: { type: 'string', example: 'about:blank' },
        title: { type: 'string' },
        status: { type: 'integer' },
        detail: { type: 'string', description: 'What is wrong, for a person' },
        errors: {
          type: 'array',
          description: 'The fields at fault',
          items: {
            type: 'object',
            required: ['field', 'detail'],
            properties: { field: { type: 'string' }, detail: { type: 'string' } },
          },
        },
      },
    },
  },
};

/** Documents the errors that a route answers, all of them problem documents. */
export const ApiProblem = (...statuses: number[]) =>
  applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({ status, description: STATUS_CODES[status] ?? 'Problem', content: problemContent }),
    ),
  );
