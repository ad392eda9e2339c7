import fc from 'fast-check';

/** The same on every run. `FUZZ_RUNS=50` plays that many times more, `FUZZ_SEED=7` others; a failing one prints its seed. */
const times = Number(process.env.FUZZ_RUNS ?? 1);
const seed = Number(process.env.FUZZ_SEED ?? 20_261_122);

export const fuzz = (runs: number): { numRuns: number; seed: number } => ({ numRuns: runs * times, seed });

/** How long a test may take that plays so many times more. */
export const fuzzLimitMs = 60_000 * times;

type Path = (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

/** The same value with one part of it replaced, or left out when the replacement is undefined. */
function replaced(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] =>
    name === String(key) ? [name, replaced(inner, rest, replacement)] : [name, inner],
  );
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom(null, true, 0, -1, 1e308, '', 'running', '/service', [], {}, '0001-01-01T00:00:00Z'),
  fc.jsonValue({ maxDepth: 2 }),
  fc.integer({ min: 1, max: 300_000 }).map((length) => 'x'.repeat(length)),
);

/** A JSON text of an Engine, damaged: parts replaced, then bytes changed, added or cut off. */
export const damaged = (text: string): fc.Arbitrary<Buffer> =>
  fc
    .record({
      parts: fc.array(fc.tuple(fc.nat(), strange), { maxLength: 2 }),
      bytes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
      cut: fc.option(fc.nat(), { freq: 3 }),
      tail: fc.option(fc.uint8Array({ maxLength: 20 }), { freq: 3 }),
    })
    .map(({ parts, bytes, cut, tail }) => {
      let value: unknown = JSON.parse(text);
      for (const [index, replacement] of parts) {
        const paths = pathsOf(value);
        value = replaced(value, paths[index % paths.length] ?? [], replacement);
      }
      const buffer = Buffer.from(value === undefined ? '' : JSON.stringify(value));
      for (const [index, byte] of bytes) if (buffer.length > 0) buffer[index % buffer.length] = byte;
      const kept = cut === null ? buffer : buffer.subarray(0, cut % (buffer.length + 1));
      return tail === null ? kept : Buffer.concat([kept, tail]);
    });

/** Bytes in pieces, cut anywhere. */
export function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  for (const cut of cuts) {
    found.push(bytes.subarray(at, at + cut));
    at += cut;
  }
  return [...found, bytes.subarray(at)];
}
