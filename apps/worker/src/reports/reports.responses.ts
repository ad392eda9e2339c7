import { z } from 'zod';

import { milliseconds, time } from '../uptime/uptime.responses.js';

const hash = (description: string, byte: string) =>
  z.string().meta({ description, example: `0x${byte.repeat(32)}` });

const reportedService = z
  .object({
    name: z.string().meta({ example: 'autogen_agent' }),
    container_ids: z
      .array(z.string())
      .meta({ description: 'Every container of this name within the window' }),
    up_ms: milliseconds('Up, including what was inferred', 48_000),
    inferred_up_ms: milliseconds('Up although nobody watched, proven afterwards', 1_500),
    down_ms: milliseconds('Down', 9_000),
    starting_ms: milliseconds('Running and not yet healthy', 2_500),
    unknown_ms: milliseconds('Nobody knows', 500),
  })
  .meta({ id: 'ReportedService' });

/** For the OpenAPI document; what is accepted from a worker is `signedReportSchema` of #monitoring. */
export const signedReportAnswer = z
  .object({
    report: z.object({
      version: z.literal(1),
      capability: z.string().meta({ example: 'agent-net' }),
      worker_address: z
        .string()
        .meta({ description: 'Who signs, EIP-55', example: '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A' }),
      engine_id: z.string().meta({ description: "The Docker Engine's own id, empty until it has answered" }),
      from: time().meta({ example: '2026-11-22T12:00:00.000Z' }),
      to: time().meta({ example: '2026-11-22T12:01:00.000Z' }),
      window_ms: milliseconds('to - from', 60_000),
      services: z.array(reportedService),
      all_up_ms: milliseconds('All services up at once', 48_000),
      challenge: hash('As it was asked; zero without one', '5a'),
      issued_at: time(),
      previous_minute_hash: hash('Of the last minute sealed before from; zero without one', '01'),
      minute_hash: hash('Of the last minute sealed by to; zero without one', '02'),
    }),
    signature: z.string().meta({ description: 'EIP-712, 65 bytes', example: `0x${'ab'.repeat(64)}1b` }),
  })
  .meta({
    id: 'SignedReport',
    description:
      'EIP-712 typed data in the domain { name: "BYOC Uptime Report", version: "1" }: see docs/reports.md',
  });
