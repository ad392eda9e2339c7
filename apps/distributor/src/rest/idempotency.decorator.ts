import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

/** Documents a route that creates and may be repeated under a key: 201 the first time, 200 after. */
export const ApiIdempotent = (answer: z.ZodType, created: string) =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Up to 200 printable characters. The same key with the same content answers the first answer (200) and does ' +
        'nothing; with other content it is refused (422). Keys are kept for ever.',
      schema: { type: 'string', minLength: 1, maxLength: 200, example: 'credit-note-2026-0042' },
    }),
    ApiResponse({ status: 201, description: created, standardSchema: answer }),
    ApiResponse({ status: 200, description: 'Had been done under this key', standardSchema: answer }),
  );
