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
        type: { type: 'string', description: 'Always about:blank', example: 'about:blank' },
        title: { type: 'string', description: 'What the status means', example: 'Invalid input' },
        status: { type: 'integer', description: 'That of the answer', example: 400 },
        detail: {
          type: 'string',
          description: 'What is wrong, for a person',
          example: 'limit: must be at most 200',
        },
        errors: {
          type: 'array',
          description: 'The fields at fault',
          items: {
            type: 'object',
            required: ['field', 'detail'],
            properties: {
              field: { type: 'string', description: 'Where, as a path', example: 'rows[3].worker_address' },
              detail: { type: 'string', description: 'What is wrong there', example: 'must be at most 200' },
            },
            additionalProperties: false,
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
