import { describe, expect, it } from '@jest/globals';

import { inspectionSchema } from '../containers/engine-answers.js';
import { judgeObservation } from './judge-finding.js';

const nowMs = Date.parse('2026-11-22T12:00:00.000Z');
const ago = (seconds: number) => new Date(nowMs - seconds * 1_000).toISOString().replace('Z', '123456Z');

/** A container that is `healthy` by the results that ended so many seconds ago. */
function judged(ended: number[] | undefined, healthcheck?: object) {
  const log = ended?.map((seconds) => ({ Start: ago(seconds + 1), End: ago(seconds), ExitCode: 0 }));
  const { facts } = inspectionSchema.parse({
    Id: 'c'.repeat(64),
    Name: '/redis',
    Config: { Image: 'redis', Healthcheck: healthcheck },
    State: {
      Status: 'running',
      StartedAt: ago(3_600),
      FinishedAt: '0001-01-01T00:00:00Z',
      Health: { Status: 'healthy', Log: log },
    },
  });
  const at = { wallMs: nowMs, monotonicMs: 0 };
  const container = { ...facts, mismatch: null };
  const { state, reason } = judgeObservation({
    finding: { kind: 'container', container },
    askedAt: at,
    answeredAt: at,
  });
  return reason ?? state;
}

describe('a healthy container', () => {
  const check = { Test: ['CMD', 'true'], Interval: 10e9, Timeout: 5e9 };

  it('is up while its last result is no older than two checks and five seconds', () => {
    expect(judged([34.9], check)).toBe('up');
    expect(judged([35.1], check)).toBe('health check stale');
    expect(judged([60, 50, 34.9, 45], check)).toBe('up');
  });

  it("is measured by Docker's defaults where the check names no times", () => {
    for (const healthcheck of [undefined, { Test: ['CMD', 'true'] }, { Interval: 0, Timeout: 0 }]) {
      expect(judged([124.9], healthcheck)).toBe('up');
      expect(judged([125.1], healthcheck)).toBe('health check stale');
    }
  });

  it('is not up on its word alone', () => {
    expect(judged([], check)).toBe('health check stale');
    expect(judged(undefined, check)).toBe('health check stale');
  });
});
