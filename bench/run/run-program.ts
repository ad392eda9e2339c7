import { type ParseArgsConfig, parseArgs } from 'node:util';

import { CleanUp } from './clean-up.js';

/** How the program was called is wrong; the message says how. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Runs a program whose result is its exit code (2: called in a wrong way), and undoes what it did, at Ctrl-C too. */
export async function runProgram(
  name: string,
  help: string,
  main: (cleanUp: CleanUp) => Promise<number>,
): Promise<void> {
  const cleanUp = new CleanUp();
  const stop = (): void => {
    void cleanUp.run().then(() => process.exit(130));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    process.exitCode = await main(cleanUp);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n\n${help}`);
    process.exitCode = 2;
  } finally {
    await cleanUp.run();
  }
}
