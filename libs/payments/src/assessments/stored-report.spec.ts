import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';

import { TestWorker } from '../../testing/test-worker.js';
import { reportDictionary } from './report-dictionary.js';
import { compressReport, decompressReport } from './stored-report.js';

describe('a stored report', () => {
  it('comes back as it was, whatever was sent in its place', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(decompressReport(compressReport(text)))).toBe(text);
      }),
    );
  });

  it('comes back from the form in which the first ones were stored', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(decompressReport(deflateRawSync(text)))).toBe(text);
      }),
    );
  });

  it('is stored by a dictionary that stays the same for ever', () => {
    expect(createHash('sha256').update(reportDictionary).digest('hex')).toBe(
      '686b54735cb8e4a30b8233465c3a73598595d2b31493e4e46a9563c8df7a1ae3',
    );
    const worker = new TestWorker();
    const report = worker.report({ fromMs: 0n, toMs: 60_000n, challenge: `0x${'ab'.repeat(32)}` });
    const text = JSON.stringify(report);
    expect(compressReport(text).length).toBeLessThan(deflateRawSync(text).length * 0.75);
  });

  it('is refused when a byte of it was changed', () => {
    const stored = compressReport(JSON.stringify({ report: { version: 1, services: ['redis_scb'] } }));
    for (let at = 6; at < stored.length; at += 1) {
      const changed = Buffer.from(stored);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => decompressReport(changed)).toThrow();
    }
  });
});
