import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const program = fileURLToPath(new URL('../../dist/bench/byoc/soak/main.js', import.meta.url));

const resultSchema = z.object({
  violations: z.array(z.string()),
  faults: z.record(z.string(), z.number()),
  counts: z.object({
    ordinary: z.record(z.string(), z.number()),
    malformed: z.object({ refused: z.number() }).loose(),
  }),
  isWellAtEnd: z.boolean(),
  isWithdrawn: z.boolean(),
});

async function run(...flags: string[]) {
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', complaints: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.complaints += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, ...output };
}

describe('a soak of the worker', () => {
  it('in small: no job is answered wrongly, and everything heals, whatever goes wrong meanwhile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soak-spec-'));
    const file = join(folder, 'soak.json');
    const { code, out } = await run('--quick', '--jobs', '160', '--seed', '7', '--json', file);
    const result = resultSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    await rm(folder, { recursive: true });
    expect({ code, violations: result.violations }).toEqual({ code: 0, violations: [] });
    expect(result).toMatchObject({ isWellAtEnd: true, isWithdrawn: true });
    // It went through: jobs were done, bad ones refused, and several kinds of trouble met.
    expect(result.counts.ordinary.answered).toBeGreaterThan(10);
    expect(result.counts.malformed.refused).toBeGreaterThan(0);
    expect(Object.keys(result.faults).length).toBeGreaterThan(1);
    expect(out).toContain('seed 7');
  });

  it('ends with 2 for a mistake in how it was called, and says what is wrong', async () => {
    const { code, complaints } = await run('--jobs', 'many');
    expect(code).toBe(2);
    expect(complaints).toContain('--jobs must be a whole number');
    expect(complaints).toContain('npm run soak');
  });
});
