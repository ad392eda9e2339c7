import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

const up = {
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string', enum: ['up'] } },
  additionalProperties: true,
};
const down = {
  type: 'object',
  required: ['status', 'message'],
  properties: {
    status: { type: 'string', enum: ['down'] },
    message: { type: 'string', description: 'Why', example: 'connect ECONNREFUSED 127.0.0.1:5432' },
  },
  additionalProperties: true,
};

const info = {
  type: 'object',
  description: 'The components that answer, by name, each with what a person wants to know about it',
  additionalProperties: up,
  example: { process: { status: 'up' } },
};
const error = {
  type: 'object',
  description: 'The components that do not, by name',
  additionalProperties: down,
  example: { database: { status: 'down', message: 'connect ECONNREFUSED 127.0.0.1:5432' } },
};

const healthy = {
  type: 'object',
  title: 'Healthy',
  required: ['status', 'info', 'error', 'details'],
  properties: {
    status: { type: 'string', enum: ['ok'] },
    info,
    error: { type: 'object', description: 'Empty', additionalProperties: false, example: {} },
    details: { ...info, description: 'The same as info' },
  },
  additionalProperties: false,
};

const notReady = {
  type: 'object',
  title: 'NotReady',
  required: ['type', 'title', 'status', 'detail', 'info', 'error', 'details'],
  properties: {
    type: { type: 'string', description: 'Always about:blank', example: 'about:blank' },
    title: { type: 'string', enum: ['Not ready'] },
    status: { type: 'integer', description: 'That of the answer', enum: [503] },
    detail: {
      type: 'string',
      description: 'Which components are down and why',
      example: 'database: connect ECONNREFUSED 127.0.0.1:5432',
    },
    info,
    error: { ...error, description: `${error.description}; empty when the process is ending` },
    details: {
      type: 'object',
      description: 'Every component by name',
      additionalProperties: { oneOf: [up, down] },
      example: { ...info.example, ...error.example },
    },
  },
  additionalProperties: false,
};

/** What Terminus answers, and the problem document that its refusal becomes. */
export const ApiHealth = (refusal: string) =>
  applyDecorators(
    ApiResponse({
      status: 200,
      description: 'All is well',
      content: { 'application/json': { schema: healthy } },
    }),
    ApiResponse({
      status: 503,
      description: refusal,
      content: { 'application/problem+json': { schema: notReady } },
    }),
  );
