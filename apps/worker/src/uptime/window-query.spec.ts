import { describe, expect, it } from '@jest/globals';

import { postedWindowSchema, spanOf, windowSchema } from './window-query.js';

const from = '2026-11-22T12:00:00.000Z';
const to = '2026-11-22T12:01:00.000Z';
const watermarkMs = Date.parse('2026-11-22T13:00:00.000Z');

const faultsOf = (query: unknown) =>
  windowSchema.safeParse(query).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('the window that is asked for', () => {
  it('is the minute that ends at the watermark when nothing is said', () => {
    expect(spanOf(windowSchema.parse({}), watermarkMs)).toEqual({
      fromMs: watermarkMs - 60_000,
      toMs: watermarkMs,
    });
  });

  it.each([
    ['1s', 1_000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['31d', 31 * 86_400_000],
  ])('may be the last %s', (window, ms) => {
    expect(spanOf(windowSchema.parse({ window }), watermarkMs)).toEqual({
      fromMs: watermarkMs - ms,
      toMs: watermarkMs,
    });
  });

  it('may lie between two times', () => {
    expect(spanOf(windowSchema.parse({ from, to }), watermarkMs)).toEqual({
      fromMs: Date.parse(from),
      toMs: Date.parse(to),
    });
  });

  it.each(['60', '0s', '-5m', '1.5h', '32d', '1w', 's', '', '99999999d', '1h30m'])('is not %j', (window) => {
    expect(faultsOf({ window })).toEqual(['window']);
  });

  it('names the bound at fault', () => {
    expect(faultsOf({ from })).toEqual(['to']);
    expect(faultsOf({ to })).toEqual(['from']);
    expect(faultsOf({ from: to, to: from })).toEqual(['to']);
    expect(faultsOf({ from, to: from })).toEqual(['to']);
    expect(faultsOf({ from, to: '2027-11-22T12:00:00.000Z' })).toEqual(['to']);
    expect(faultsOf({ from: 'yesterday', to: 'today' })).toEqual(['from', 'to']);
    expect(faultsOf({ window: '5m', from, to })).toEqual(['window']);
  });

  it.each([undefined, null, {}, { action: 'uptime' }])('of a body %j is the default one', (body) => {
    expect(postedWindowSchema.parse(body)).toEqual({});
  });

  it.each([[[]], ['60s'], [60]])('of a body %j is refused', (body) => {
    expect(postedWindowSchema.safeParse(body).success).toBe(false);
  });
});
