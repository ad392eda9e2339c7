import { readSecret, SecretUnreadableError } from '#platform';
import { z } from 'zod';

import { jsonPathPattern } from '../probes/json-path.js';
import type { ProbeSettings, ProbeTarget } from '../probes/probe-settings.js';
import { maxUndecidedMs } from '../segments/probe-result.js';
import { servicePlaceholder } from './monitoring-plan.js';

const unitMs = { ms: 1, s: 1_000, m: 60_000 } as const;

function duration(defaultText: string, minMs: number, maxMs: number) {
  const expectation = `must be a time such as ${defaultText}, from ${minMs} ms to ${maxMs / 1_000} s`;
  return z
    .string(expectation)
    .default(defaultText)
    .transform((text, context): number => {
      const [, digits = '', unit = ''] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? [];
      const ms = unit === 'ms' || unit === 's' || unit === 'm' ? Number(digits) * unitMs[unit] : NaN;
      if (ms >= minMs && ms <= maxMs) return ms;
      context.addIssue({ code: 'custom', message: expectation });
      return z.NEVER;
    });
}

const count = (defaultValue: number) =>
  z
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(10, 'must be at most 10')
    .default(defaultValue);

const pace = {
  every: duration('10s', 1_000, 300_000),
  timeout: duration('3s', 100, maxUndecidedMs),
  failAfter: count(2),
  passAfter: count(1),
};

const text = z.string('must be text').min(1, 'must not be empty');

const host = text
  .regex(/^[A-Za-z0-9_.:{}-]+$/, `must be a host name; ${servicePlaceholder} stands for the container`)
  .default(servicePlaceholder);

const port = (defaultPort: number) =>
  z
    .int('must be a port number')
    .min(1, 'must be a port number')
    .max(65_535, 'must be a port number')
    .default(defaultPort);

/** The placeholder is no part of an address; what it stands for is. */
const asUrl = (url: string) => {
  const filled = url.replaceAll(servicePlaceholder, 'service');
  return URL.canParse(filled) ? new URL(filled) : null;
};

const isPlainHttp = (url: string) => {
  const parsed = asUrl(url);
  return (
    parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === ''
  );
};

const httpUrl = text.refine(isPlainHttp, 'must be an http:// or https:// URL without a password in it');

const baseUrl = httpUrl
  .refine((url) => /^\/*$/.test(asUrl(url)?.pathname ?? '/'), 'must be an address without a path')
  .transform((url) => url.replace(/\/+$/, ''));

const status = z
  .int('must be an HTTP status')
  .min(100, 'must be an HTTP status')
  .max(599, 'must be an HTTP status');

const jsonRule = z
  .strictObject({
    path: text.regex(jsonPathPattern, 'must be a path such as data.models[0].name'),
    equals: z.union([z.string(), z.number(), z.boolean(), z.null()], 'must be a plain value').optional(),
    exists: z.literal(true, 'must be true').optional(),
  })
  .refine(
    ({ equals, exists }) => (equals === undefined) !== (exists === undefined),
    'needs one of equals and exists',
  )
  .transform(({ path, equals }) => ({ path, equals }));

type Variable = (name: string) => string | undefined;

const secretFields = (variable: Variable) => ({
  password: z
    .string('must be text')
    .transform((reference, context) => {
      const name = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(reference)?.[1];
      // The value itself must not be repeated.
      const message =
        name === undefined
          ? 'must be ${NAME} of an environment variable, never the password itself'
          : `needs the environment variable ${name}, which is not set`;
      const value = name === undefined ? undefined : variable(name);
      if (value !== undefined && value !== '') return value;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .optional(),
  passwordFile: text
    .transform((file, context) => {
      try {
        const secret = readSecret(undefined, file);
        if (secret) return secret;
        context.addIssue({ code: 'custom', message: 'names an empty file' });
      } catch (error) {
        if (!(error instanceof SecretUnreadableError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
      }
      return z.NEVER;
    })
    .optional(),
});

function targets(variable: Variable) {
  const secret = secretFields(variable);
  return [
    z.strictObject({
      type: z.literal('http'),
      url: httpUrl,
      status: z.union([status.transform((one) => [one]), z.array(status).min(1)]).default([200]),
      json: jsonRule.optional(),
      ...pace,
    }),
    z.strictObject({ type: z.literal('tcp'), host, port: port(1).unwrap(), ...pace }),
    z.strictObject({
      type: z.literal('redis'),
      host,
      port: port(6379),
      user: text.optional(),
      ...secret,
      database: z.int('must be a whole number').min(0, 'must not be negative').default(0),
      tls: z.boolean('must be true or false').default(false),
      ...pace,
    }),
    z.strictObject({
      type: z.literal('postgres'),
      host,
      port: port(5432),
      user: text.default('postgres'),
      ...secret,
      database: text.default('postgres'),
      tls: z.boolean('must be true or false').default(false),
      ...pace,
    }),
    z.strictObject({
      type: z.literal('neo4j'),
      url: baseUrl.default(`http://${servicePlaceholder}:7474`),
      api: z.enum(['transactional', 'query'], 'must be transactional or query').default('transactional'),
      database: text.default('neo4j'),
      user: text.default('neo4j'),
      ...secret,
      ...pace,
    }),
    z.strictObject({
      type: z.literal('ollama'),
      url: baseUrl.default(`http://${servicePlaceholder}:11434`),
      model: text.optional(),
      digest: text.regex(/^(sha256:)?[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits').optional(),
      ...pace,
    }),
  ] as const;
}

const probeTypes = 'http, tcp, redis, postgres, neo4j or ollama';

/** Also run when a single field is at fault, so that all faults are told at once; then any field may be anything. */
function rulesBetweenFields(probe: unknown, context: z.RefinementCtx) {
  const fields = z.record(z.string(), z.unknown()).safeParse(probe).data ?? {};
  const number = (name: string) => z.number().safeParse(fields[name]).data ?? NaN;
  const isGiven = (name: string) => fields[name] !== undefined;
  const fault = (path: string, message: string) => {
    context.addIssue({ code: 'custom', path: [path], message });
  };
  if (number('timeout') > number('every')) fault('timeout', 'must not be longer than every');
  if (number('timeout') * number('failAfter') > maxUndecidedMs) {
    fault('failAfter', `times timeout must not exceed ${maxUndecidedMs / 1_000} s`);
  }
  if (isGiven('password') && isGiven('passwordFile')) fault('passwordFile', 'must not stand beside password');
  if (fields.type === 'ollama' && !isGiven('model') && !isGiven('digest')) {
    fault('model', 'or digest is required');
  }
}

function probeSchema(variable: Variable) {
  return z
    .discriminatedUnion('type', targets(variable), `must be ${probeTypes}`)
    .superRefine(rulesBetweenFields, { when: () => true })
    .transform(({ every, timeout, failAfter, passAfter, ...rest }): ProbeSettings => ({
      target: withPassword(rest),
      everyMs: every,
      timeoutMs: timeout,
      failAfter,
      passAfter,
    }));
}

type Described<T> = T extends { password?: string | undefined }
  ? T & { passwordFile?: string | undefined }
  : T;

function withPassword(target: Described<ProbeTarget>): ProbeTarget {
  if (!('passwordFile' in target)) return target;
  const { passwordFile, ...rest } = target;
  return { ...rest, password: rest.password ?? passwordFile };
}

const digest = text
  .regex(/^([^@]+@)?sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits')
  .transform((reference) => reference.slice(reference.indexOf('sha256:')));

const identity = z.strictObject({
  images: z.array(digest, 'must be a list of digests').min(1, 'must not be empty').optional(),
  command: z
    .array(z.string('must be text'), 'must be a list of texts')
    .min(1, 'must not be empty')
    .optional(),
  binds: z.array(text, 'must be a list of paths or names of volumes').optional(),
});

const serviceName = z
  .string()
  .regex(/^[a-zA-Z0-9*][a-zA-Z0-9_.*-]{0,127}$/, 'must be a container name or a glob such as s1_*');

/** @param variable the environment, for secrets */
export const monitoringSchema = (variable: Variable) =>
  z.strictObject({
    services: z.record(
      serviceName,
      z
        .strictObject({ probe: probeSchema(variable).optional(), identity: identity.optional() })
        .refine(
          ({ probe, identity: policy }) => probe !== undefined || policy !== undefined,
          'needs probe, identity or both',
        ),
      'must be container names, each with what is asked of it',
    ),
  });
