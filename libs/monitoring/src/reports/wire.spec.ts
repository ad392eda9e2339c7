import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { recoverReportSigner, ReportSigner } from './report-signer.js';
import { arbitraryStatement } from './testing/arbitrary-report.js';
import { MalformedReportError, parseSignedReport, signedReportSchema, signedReportToWire } from './wire.js';

const signer = ReportSigner.fromPrivateKey(`0x${'11'.repeat(32)}`);

const service = (name: string, upMs: bigint) => ({
  name,
  containerIds: ['c0ffee'],
  upMs,
  inferredUpMs: 0n,
  downMs: 60_000n - upMs,
  startingMs: 0n,
  unknownMs: 0n,
});

const wire = () =>
  signedReportToWire(
    signer.sign({
      capability: 'agent-net',
      engineId: 'ENGINE',
      fromMs: 1_790_000_000_000n,
      toMs: 1_790_000_060_000n,
      services: [service('one', 60_000n), service('two', 50_000n), service('three', 60_000n)],
      allUpMs: 50_000n,
      challenge: `0x${'ab'.repeat(32)}`,
      issuedAtMs: 1_790_000_066_000n,
      previousMinuteHash: `0x${'01'.repeat(32)}`,
      minuteHash: `0x${'02'.repeat(32)}`,
    }),
  );

type Path = (string | number)[];

/** The wire form with one value replaced, or absent when there is no replacement. */
function changed(path: Path, replacement?: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(wire()));
  let target = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) target = target[key] as Record<string | number, unknown>;
  const last = path.at(-1)!;
  target[last] = replacement;
  return copy;
}

function faultsOf(wire: unknown): string[] {
  try {
    parseSignedReport(wire);
    return [];
  } catch (error) {
    if (!(error instanceof MalformedReportError)) throw error;
    expect(error.message).toContain(error.faults[0]!.field);
    return error.faults.map(({ field }) => field);
  }
}

describe('the wire form of a report', () => {
  it('survives JSON unchanged, with its signature', () => {
    fc.assert(
      fc.property(arbitraryStatement, (statement) => {
        const signed = signer.sign(statement);
        const parsed = signedReportSchema.parse(JSON.parse(JSON.stringify(signedReportToWire(signed))));
        expect(parsed).toEqual(signed);
        expect(recoverReportSigner(parsed)).toBe(signer.address);
      }),
      { numRuns: 50 },
    );
  });

  it('has the published names, ISO times and whole milliseconds', () => {
    expect(wire()).toMatchObject({
      report: {
        version: 1,
        worker_address: signer.address,
        from: '2026-09-21T14:13:20.000Z',
        to: '2026-09-21T14:14:20.000Z',
        window_ms: 60_000,
        services: [{ name: 'one', container_ids: ['c0ffee'], up_ms: 60_000 }, {}, {}],
      },
    });
  });

  it('may be about no service at all, which is an honest statement about nothing', () => {
    expect(faultsOf({ ...wire(), report: { ...wire().report, services: [], all_up_ms: 0 } })).toEqual([]);
    expect(faultsOf({ ...wire(), report: { ...wire().report, services: [], all_up_ms: 1 } })).toEqual([
      'report.all_up_ms',
    ]);
  });
});

describe('a malformed report is refused with the field at fault', () => {
  const numbers = ['up_ms', 'inferred_up_ms', 'down_ms', 'starting_ms', 'unknown_ms'];
  const notMilliseconds = [
    Number.NaN,
    null,
    '60000',
    -1,
    0.5,
    true,
    [],
    {},
    2 ** 53,
    Number.POSITIVE_INFINITY,
  ];

  it.each(numbers)('when %s of a service is not a whole number of milliseconds', (field) => {
    for (const value of notMilliseconds) {
      expect(faultsOf(changed(['report', 'services', 2, field], value))).toEqual([
        `report.services[2].${field}`,
      ]);
    }
  });

  it('when a service was up for more than the window (101 %)', () => {
    expect(() => parseSignedReport(changed(['report', 'services', 0, 'up_ms'], 60_600))).toThrow(
      'report.services[0].up_ms is more than the window of 60000 ms',
    );
    expect(faultsOf(changed(['report', 'services', 0, 'up_ms'], 60_600))).toEqual([
      'report.services[0].up_ms',
    ]);
  });

  it('when the four states of a service do not add up to the window', () => {
    for (const field of ['down_ms', 'starting_ms', 'unknown_ms']) {
      expect(faultsOf(changed(['report', 'services', 1, field], 1))).toEqual(['report.services[1].up_ms']);
    }
    expect(faultsOf(changed(['report', 'services', 0, 'up_ms'], 59_999))).toContain(
      'report.services[0].up_ms',
    );
  });

  it('when more was inferred than was up', () => {
    expect(faultsOf(changed(['report', 'services', 1, 'inferred_up_ms'], 50_001))).toEqual([
      'report.services[1].inferred_up_ms',
    ]);
  });

  it('when all were up for longer than one of them', () => {
    expect(faultsOf(changed(['report', 'all_up_ms'], 50_001))).toEqual(['report.all_up_ms']);
  });

  it('when a service appears twice', () => {
    expect(faultsOf(changed(['report', 'services', 2, 'name'], 'one'))).toEqual(['report.services[2].name']);
  });

  it('when the window is empty, reversed or of another length than it states', () => {
    expect(faultsOf(changed(['report', 'to'], '2026-09-21T14:13:20.000Z'))).toEqual(['report.to']);
    expect(faultsOf(changed(['report', 'to'], '2026-09-21T14:13:19.000Z'))).toEqual(['report.to']);
    expect(faultsOf(changed(['report', 'window_ms'], 59_999))).toEqual(['report.window_ms']);
  });

  it.each([
    ['from', 1_790_000_000_000],
    ['from', '2026-09-21'],
    ['from', '2026-02-30T00:00:00.000Z'],
    ['to', '2026-09-21T14:14:20.000+02:00'],
    ['issued_at', 'now'],
    ['version', 2],
    ['version', '1'],
    ['capability', ''],
    ['capability', 'x'.repeat(257)],
    ['engine_id', null],
    ['engine_id', '\ud800'],
    ['engine_id', 'two\nlines'],
    ['worker_address', '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2b'],
    ['worker_address', '0x1234'],
    ['challenge', '0x00'],
    ['challenge', 'ab'.repeat(32)],
    ['previous_minute_hash', ''],
    ['minute_hash', `0x${'zz'.repeat(32)}`],
    ['services', {}],
    ['services', null],
    ['window_ms', '60000'],
    ['all_up_ms', '50000'],
  ])('when %s is %j', (field, value) => {
    expect(faultsOf(changed(['report', field], value))).toEqual([`report.${field}`]);
  });

  it('when any field is absent', () => {
    for (const field of Object.keys(wire().report)) {
      expect(faultsOf(changed(['report', field]))).toEqual([`report.${field}`]);
    }
    for (const field of Object.keys(wire().report.services[0]!)) {
      expect(faultsOf(changed(['report', 'services', 0, field]))).toEqual([`report.services[0].${field}`]);
    }
    expect(faultsOf(changed(['signature']))).toEqual(['signature']);
  });

  it.each(['0x', `0x${'ab'.repeat(64)}`, `0x${'ab'.repeat(66)}`, 'ab'.repeat(65), 12])(
    'when the signature is %j',
    (signature) => {
      expect(faultsOf(changed(['signature'], signature))).toEqual(['signature']);
    },
  );

  it('when it carries a field that nobody signed', () => {
    expect(faultsOf({ ...wire(), extra: 1 })).toHaveLength(1);
    expect(faultsOf(changed(['report', 'uptime_percentage'], 101))).toEqual(['report']);
    expect(faultsOf(changed(['report', 'services', 1, 'uptime'], 101))).toEqual(['report.services[1]']);
  });

  it.each([undefined, null, 'report', 1, [], {}])('when it is %j', (value) => {
    expect(faultsOf(value).length).toBeGreaterThan(0);
  });

  it('in a few words, however many faults it has', () => {
    const services = Array.from({ length: 500 }, () => 1);
    expect(faultsOf(changed(['report', 'services'], services))).toHaveLength(10);
  });
});
