import { Logger } from '@nestjs/common';

import { Fact } from './logger.js';

type Fields = Readonly<Record<string, unknown>>;

function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: String(error) };
  return {
    error: error.message,
    errorName: error.name,
    ...(error.stack && { stack: error.stack }),
    ...(error.cause instanceof Error && { cause: error.cause.message }),
  };
}

/**
 * Writes facts: a constant sentence in the past tense and its variables as fields, so that logs can be searched by the
 * sentence. `error` wakes someone, `warn` may, `info` is one line per business fact.
 */
export class FactLogger {
  private readonly logger: Logger;

  constructor(context: string) {
    this.logger = new Logger(context);
  }

  debug(message: string, fields: Fields = {}) {
    this.logger.debug(new Fact(message, fields));
  }

  info(message: string, fields: Fields = {}) {
    this.logger.log(new Fact(message, fields));
  }

  warn(message: string, fields: Fields = {}) {
    this.logger.warn(new Fact(message, fields));
  }

  error(message: string, error?: unknown, fields: Fields = {}) {
    this.logger.error(new Fact(message, { ...fields, ...(error !== undefined && describeError(error)) }));
  }
}
