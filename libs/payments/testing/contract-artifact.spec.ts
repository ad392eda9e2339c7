import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { readContractArtifact } from './contract-artifact.js';

describe('the committed contract artefacts', () => {
  it.each(['TestUsdc', 'LocalMulticall3'] as const)(
    '%s was compiled from the source as it stands',
    async (name) => {
      const { source, sourceSha256 } = await readContractArtifact(name);
      const text = await readFile(new URL(`../../../${source}`, import.meta.url));
      // When this fails: npm run contracts:build.
      expect(createHash('sha256').update(text).digest('hex')).toBe(sourceSha256);
    },
  );
});
