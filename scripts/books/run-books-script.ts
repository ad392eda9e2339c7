import { runScript } from '../console/run-script.js';
import { terminal } from '../console/terminal.js';
import { UsageError } from '../surroundings/surroundings.js';

/** As a shell says that a program was interrupted. */
const INTERRUPTED = 130;

/**
 * Runs a script that opens the books: what goes wrong is one sentence and exit code 1. Ctrl-C ends the work through the
 * signal, so that servers that were started and files that were begun are cleared away.
 */
export async function runBooksScript(
  name: string,
  script: (signal: AbortSignal) => Promise<number>,
): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  await runScript(name, async () => {
    try {
      return await script(interrupted.signal);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      terminal.settle();
      if (interrupted.signal.aborted) {
        terminal.complain(`${name}: interrupted; nothing was changed`);
        return INTERRUPTED;
      }
      terminal.complain(`${terminal.style('red', '✘')} ${reasonOf(error)}`);
      return 1;
    }
  });
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
}

/** A connection refused at every address of a name is an error with errors inside and no message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
