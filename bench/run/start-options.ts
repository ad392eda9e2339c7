import { readFileSync } from 'node:fs';

import { z } from 'zod';

const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) });
const packageFile = new URL('../../../package.json', import.meta.url);

export interface StartOptions {
  /** Of Node itself. */
  flags: string[];
  environment: Record<string, string>;
}

/** How an npm script starts its program: what is measured runs as it is shipped. */
export function startOptions(script: 'start:distributor' | 'start:worker'): StartOptions {
  const { scripts } = packageSchema.parse(JSON.parse(readFileSync(packageFile, 'utf8')));
  const words = (scripts[script] ?? '').split(' ');
  return {
    flags: words.filter((word) => word.startsWith('--')),
    environment: Object.fromEntries(
      words.flatMap((word) => {
        const [, name, value] = /^([A-Z_]+)=(\S+)$/.exec(word) ?? [];
        return name === undefined || value === undefined ? [] : [[name, value]];
      }),
    ),
  };
}
