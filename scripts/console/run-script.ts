import { UsageError } from '../surroundings/surroundings.js';

import { terminal } from './terminal.js';

/**
 * Runs a script to its exit code: what it returns, 2 for a mistake in how it was called. The exit code is set, not forced,
 * so that output is written out whole.
 */
export async function runScript(name: string, script: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await script();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.complain(`${name}: ${error.message}\nTry \`npm run ${name} -- --help\`.`);
    process.exitCode = 2;
  }
}
