import { createRequire } from 'node:module';

import type { LoggerService, LogLevel } from '@nestjs/common';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type * as PinoPretty from 'pino-pretty';

export type LogFormat = 'json' | 'pretty';

export interface LoggerOptions {
  format: LogFormat;
  level?: 'debug' | 'info' | 'warn' | 'error';
  /** Values that must never be printed, whatever field or sentence they turn up in. */
  secrets?: readonly (string | undefined)[];
  destination?: NodeJS.WritableStream;
}

/** Shorter values would blank out innocent text. */
const shortestSecret = 6;

/** `scheme://user:password@host`, whoever wrote it: many errors quote the URL that was asked. */
const urlPasswords = /(:\/\/[^\s/:@"]*):[^\s/@"]+@/g;

function redacting(write: (text: string) => void, secrets: readonly string[]): DestinationStream {
  // A line is JSON, where a quotation mark or a backslash has another spelling.
  const spellings = [...new Set(secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]))];
  return {
    write(line) {
      const text = spellings.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), line);
      write(text.replaceAll(urlPasswords, '$1:[redacted]@'));
    },
  };
}

/**
 * Lines of one turn of the event loop leave in one write: on Linux each write to a pipe or a file waits for the system.
 * What is left when the process ends is written then.
 */
function gathering(out: NodeJS.WritableStream): (text: string) => void {
  let lines = '';
  const flush = () => {
    if (lines === '') return;
    const text = lines;
    lines = '';
    out.write(text);
  };
  process.on('exit', flush);
  return (line) => {
    if (lines === '') setImmediate(flush);
    lines += line;
  };
}

let standardOutput: ((text: string) => void) | undefined;

/** A fact with its fields, as `FactLogger` hands it to Nest's logger. */
export class Fact {
  constructor(
    readonly message: string,
    readonly fields: Readonly<Record<string, unknown>>,
  ) {}
}

const withoutBigints = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? value.toString() : value,
    ]),
  );

/** Nest's own account of its start: of use to who debugs it, noise to everybody else. */
const frameworkContexts = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Nest's logger on pino: one line per fact, its fields beside the message. */
class PinoNestLogger implements LoggerService {
  constructor(private readonly pino: PinoLogger) {}

  log(message: unknown, ...rest: unknown[]) {
    const context = rest.at(-1);
    const isNoise = typeof context === 'string' && frameworkContexts.has(context);
    this.write(isNoise ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]) {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]) {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]) {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]) {
    this.write('debug', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]) {
    this.write('fatal', message, rest);
  }

  setLogLevels(_levels: LogLevel[]) {
    // The level is part of the configuration and is not changed at run time.
  }

  /** Nest passes the context last and, for errors, a stack before it. */
  private write(level: 'debug' | 'info' | 'warn' | 'error' | 'fatal', message: unknown, rest: unknown[]) {
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest.at(0) : undefined;
    const fields = {
      ...(typeof context === 'string' && { context }),
      ...(typeof stack === 'string' && { stack }),
    };
    if (message instanceof Fact) {
      this.pino[level]({ ...fields, ...withoutBigints(message.fields) }, message.message);
    } else if (message instanceof Error) {
      this.pino[level]({ ...fields, err: message }, message.message);
    } else {
      this.pino[level](fields, typeof message === 'string' ? message : JSON.stringify(message));
    }
  }
}

const require = createRequire(import.meta.url);

/** Loaded when it is used: programs whose lines nobody reads save its memory. */
function forPeople(out: DestinationStream): DestinationStream {
  const { prettyFactory } = require('pino-pretty') as typeof PinoPretty;
  const toText = prettyFactory({
    colorize: process.stdout.isTTY,
    ignore: 'context',
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
  });
  return {
    write(line) {
      out.write(toText(line));
    },
  };
}

export function createLogger({
  format,
  level = 'info',
  secrets = [],
  destination,
}: LoggerOptions): LoggerService {
  const hidden = secrets.filter((secret): secret is string => (secret?.length ?? 0) >= shortestSecret);
  const write = destination
    ? (text: string) => void destination.write(text)
    : (standardOutput ??= gathering(process.stdout));
  const out = redacting(write, hidden);
  const stream = format === 'json' ? out : forPeople(out);
  return new PinoNestLogger(
    pino(
      {
        level,
        base: null,
        messageKey: 'message',
        errorKey: 'error',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      stream,
    ),
  );
}
