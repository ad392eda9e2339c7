import { applyDecorators, Header } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';

/** A list that is answered as JSON, or whole as a file with `Accept: text/csv`. */
export const JsonOrCsv = () =>
  applyDecorators(Header('vary', 'Accept'), ApiProduces('application/json', 'text/csv'));

/** `payments-2026-11-22`: what, and the day of the file in UTC. */
export const datedName = (what: string): string => `${what}-${new Date().toISOString().slice(0, 10)}`;

export const csvNote =
  'With `Accept: text/csv` all that the filter lets through, whatever `limit` and `cursor` say.';
