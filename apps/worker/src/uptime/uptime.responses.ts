import { z } from 'zod';

export const time = () =>
  z.string().meta({ description: 'ISO 8601, UTC', example: '2026-11-22T12:01:06.120Z' });

export const percentage = () =>
  z.number().min(0).max(100).meta({
    description: 'Percent, floored to two decimals: for people, never what decides',
    example: 99.98,
  });

export const milliseconds = (description: string, example: number) =>
  z
    .int()
    .min(0)
    .meta({ description: `${description}, ms`, example });

const eligible = () =>
  z.boolean().meta({ description: "The worker's own view, for information: the distributor decides" });

const minUptime = () =>
  z.number().meta({ description: 'Percent; eligible is what lies strictly above it', example: 95 });

const serviceUptime = z
  .object({
    name: z.string().meta({ description: 'Container name', example: 'autogen_agent' }),
    up_ms: milliseconds('Up, including what was inferred', 48_000),
    inferred_up_ms: milliseconds('Up although nobody watched, proven by the Engine afterwards', 1_500),
    down_ms: milliseconds('Down', 9_000),
    starting_ms: milliseconds('Running and not yet healthy', 2_500),
    unknown_ms: milliseconds('Nobody knows', 500),
    uptime_percentage: percentage().meta({ example: 80 }),
  })
  .meta({
    id: 'ServiceUptime',
    description: 'up_ms + down_ms + starting_ms + unknown_ms = window_ms, always',
  });

export const serviceUptimesSchema = z
  .object({
    timestamp: time(),
    from: time().meta({ example: '2026-11-22T12:00:00.000Z' }),
    to: time().meta({ example: '2026-11-22T12:01:00.000Z' }),
    window_ms: milliseconds('to - from', 60_000),
    overall_uptime_percentage: percentage().meta({ example: 90 }),
    aggregation: z
      .enum(['mean', 'min', 'all'])
      .meta({ description: 'How services become one', example: 'mean' }),
    services_up: z.int().meta({ description: 'Whose share of the window is above the minimum', example: 6 }),
    services_down: z.int().meta({ description: 'The others', example: 1 }),
    total_services: z.int().meta({ example: 7 }),
    eligible_for_payment: eligible(),
    min_uptime_required: minUptime(),
    coverage_percentage: percentage().meta({ description: 'Share of the time that is not unknown' }),
    all_up_ms: milliseconds('All services up at once', 48_000),
    services: z.array(serviceUptime),
  })
  .meta({ id: 'ServiceUptimes' });

export type ServiceUptimes = z.output<typeof serviceUptimesSchema>;

const probeStatus = z
  .object({
    type: z.string().meta({ description: 'What the service is asked', example: 'redis' }),
    state: z.enum(['pending', 'passing', 'failing']).meta({
      description: 'pending until it passed since the container was started',
      example: 'passing',
    }),
    last_success_at: time().nullable(),
    failing_since: time()
      .nullable()
      .meta({ description: 'First of the latest results in a row without success', example: null }),
    detail: z
      .string()
      .nullable()
      .meta({ description: 'What was wrong at the latest question', example: null }),
  })
  // Without an id: OpenAPI 3.0 has no way to say that a shared schema may be null.
  .meta({ description: 'null for a service without a probe' });

const serviceStatus = z
  .object({
    status: z.string().meta({
      description: "Docker's word; missing when there is no such container, unknown when nobody can tell",
      example: 'running',
    }),
    state: z.enum(['up', 'down', 'starting', 'unknown']).meta({ example: 'up' }),
    reason: z.string().nullable().meta({ description: 'Why it is not up', example: null }),
    running: z.boolean(),
    health: z
      .string()
      .nullable()
      .meta({ description: "Docker's health status, if it has one", example: 'healthy' }),
    since: time().nullable(),
    uptime_percentage: percentage().meta({ description: 'Within the 60 s that end at the watermark' }),
    container_id: z
      .string()
      .nullable()
      .meta({ example: '3f4c1b0f6d0e8a5b9c7d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b' }),
    image: z.string().nullable().meta({ example: 'redis:7-alpine' }),
    probe: probeStatus.nullable(),
  })
  .meta({ id: 'ServiceStatus' });

const registrationStatus = z
  .object({
    state: z
      .enum(['disabled', 'registering', 'registered', 'failing', 'stopped'])
      .meta({ example: 'registered' }),
    registered_at: time().nullable().meta({ description: 'When the orchestrator last confirmed it' }),
    last_error: z
      .string()
      .nullable()
      .meta({ description: 'Why the latest attempt failed, and what to look at', example: null }),
  })
  .meta({ id: 'Registration', description: 'Of the capability, with the orchestrator at ORCH_URL' });

export const serviceStatusesSchema = z
  .object({
    timestamp: time(),
    monitored_count: z.int().meta({ example: 7 }),
    services: z.record(z.string(), serviceStatus).meta({ description: 'By container name' }),
    empty_patterns: z
      .array(z.string())
      .meta({ description: 'Globs that stand for no container now: they count for nothing', example: [] }),
    registration: registrationStatus,
    summary: z.object({
      overall_uptime: percentage().meta({ description: 'Mean over the 60 s that end at the watermark' }),
      services_up: z.int().meta({ description: 'Up now', example: 7 }),
      services_down: z.int().meta({ description: 'Not up now', example: 0 }),
      total_services: z.int().meta({ example: 7 }),
      eligible_for_payment: eligible(),
      min_uptime_required: minUptime(),
    }),
  })
  .meta({ id: 'ServiceStatuses' });

export type ServiceStatuses = z.output<typeof serviceStatusesSchema>;
