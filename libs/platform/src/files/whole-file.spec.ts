import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readIfExists, writeWhole } from './whole-file.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whole-file-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('a small file of state', () => {
  it('is replaced whole, for its owner only, with nothing left beside it', async () => {
    const file = join(folder, 'state.json');
    writeWhole(file, 'first, and longer');
    writeWhole(file, 'second');
    expect(await readIfExists(file)).toBe('second');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  it('is absent only when it is, not when it cannot be read', async () => {
    expect(await readIfExists(join(folder, 'nothing'))).toBeUndefined();
    await expect(readIfExists(folder)).rejects.toThrow(/EISDIR/);
  });
});
