import { describe, expect, it } from '@jest/globals';
import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';

import { arbitraryStatement } from './testing/arbitrary-report.js';
import { reportDigest, reportDomain, reportMessage, reportTypes, toHex } from './typed-data.js';
import type { UptimeReport } from './uptime-report.js';

const complete = (statement: Omit<UptimeReport, 'version' | 'workerAddress'>): UptimeReport => ({
  ...statement,
  version: 1,
  workerAddress: '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A',
});

describe('the digest of a report', () => {
  it('equals the one of a general EIP-712 implementation for any report', () => {
    fc.assert(
      fc.property(arbitraryStatement.map(complete), (report) => {
        expect(toHex(reportDigest(report))).toBe(
          TypedDataEncoder.hash(reportDomain, reportTypes, reportMessage(report)),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('covers the type that the contract publishes', () => {
    expect(TypedDataEncoder.from(reportTypes).encodeType('UptimeReport')).toBe(
      'UptimeReport(string capability,address worker,string engineId,uint64 from,uint64 to,ServiceUptime[] services,uint64 allUpMs,bytes32 challenge,uint64 issuedAt,bytes32 previousMinuteHash,bytes32 minuteHash)' +
        'ServiceUptime(string name,string[] containerIds,uint64 upMs,uint64 inferredUpMs,uint64 downMs,uint64 startingMs,uint64 unknownMs)',
    );
  });

  it('refuses numbers that are no uint64, so that none wraps around into another report', () => {
    const [statement] = fc.sample(arbitraryStatement, { numRuns: 1, seed: 1 });
    const report = complete(statement!);
    expect(() => reportDigest({ ...report, allUpMs: -1n })).toThrow(RangeError);
    expect(() => reportDigest({ ...report, allUpMs: 1n << 64n })).toThrow(RangeError);
    expect(() => reportDigest({ ...report, allUpMs: (1n << 64n) - 1n })).not.toThrow();
  });

  it('refuses a hash of another length', () => {
    const [statement] = fc.sample(arbitraryStatement, { numRuns: 1, seed: 2 });
    expect(() => reportDigest({ ...complete(statement!), challenge: '0x01' })).toThrow(RangeError);
  });
});
