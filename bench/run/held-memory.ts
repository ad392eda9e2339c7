import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const program = fileURLToPath(new URL('held-memory-process.js', import.meta.url));
/** For Node, before the program that is measured, which needs an `ipc` channel. */
export const heldMemoryFlags: readonly string[] = ['--expose-gc', '--import', program];

/** Right after a collection. */
const heldMemorySchema = z.object({
  /** Resident, less the room in V8's heap that holds nothing: how much of that there is follows the load of the moment. */
  heldBytes: z.number(),
  residentBytes: z.number(),
});
export type HeldMemory = z.output<typeof heldMemorySchema>;

/** Undefined when it does not answer in time: it may be suspended. */
export async function askHeldMemory(child: ChildProcess, limitMs: number): Promise<HeldMemory | undefined> {
  if (!child.connected) return undefined;
  const signal = AbortSignal.timeout(limitMs);
  try {
    const answer = once(child, 'message', { signal });
    child.send('tell');
    const [message] = (await answer) as unknown[];
    return heldMemorySchema.parse(message);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
