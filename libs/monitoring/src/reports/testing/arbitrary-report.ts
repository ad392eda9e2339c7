import fc from 'fast-check';

import type { ServiceUptime, UptimeReport } from '../uptime-report.js';

const bytes = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((value) => `0x${Buffer.from(value).toString('hex')}` as const);

const text = (minLength: number) =>
  fc.string({ unit: 'grapheme', minLength, maxLength: 24 }).filter((value) => !/[\p{Cc}\p{Cs}]/u.test(value));

/** Four parts that add up to the window. */
const partition = (windowMs: number) =>
  fc.tuple(fc.nat(windowMs), fc.nat(windowMs), fc.nat(windowMs)).map((cuts) => {
    const [a, b, c] = cuts.toSorted((x, y) => x - y) as [number, number, number];
    return [a, b - a, c - b, windowMs - c] as const;
  });

const service = (windowMs: number, name: string): fc.Arbitrary<ServiceUptime> =>
  fc
    .record({
      containerIds: fc.array(text(1), { maxLength: 3 }),
      parts: partition(windowMs),
      inferred: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ containerIds, parts: [up, down, starting, unknown], inferred }) => ({
      name,
      containerIds,
      upMs: BigInt(up),
      inferredUpMs: BigInt(Math.floor(up * inferred)),
      downMs: BigInt(down),
      startingMs: BigInt(starting),
      unknownMs: BigInt(unknown),
    }));

const latestMs = Date.UTC(2200, 0, 1);

/** Well-formed statements, the part of a report that a signer is given. */
export const arbitraryStatement: fc.Arbitrary<Omit<UptimeReport, 'version' | 'workerAddress'>> = fc
  .record({
    fromMs: fc.nat(latestMs),
    windowMs: fc.integer({ min: 1, max: 31 * 86_400_000 }),
    names: fc.uniqueArray(text(1), { maxLength: 8 }),
  })
  .chain(({ fromMs, windowMs, names }) =>
    fc.record({
      capability: text(1),
      engineId: text(0),
      fromMs: fc.constant(BigInt(fromMs)),
      toMs: fc.constant(BigInt(fromMs + windowMs)),
      services: fc.tuple(...names.map((name) => service(windowMs, name))),
      allUpMs: fc.constant(0n),
      challenge: bytes(32),
      issuedAtMs: fc.nat(latestMs).map(BigInt),
      previousMinuteHash: bytes(32),
      minuteHash: bytes(32),
    }),
  )
  .map((statement) => ({
    ...statement,
    allUpMs: statement.services.reduce<bigint>(
      (least, { upMs }) => (upMs < least ? upMs : least),
      statement.services[0]?.upMs ?? 0n,
    ),
  }));

export const arbitraryPrivateKey = bytes(32).map((key) => `${key.slice(0, 64)}01` as const);
