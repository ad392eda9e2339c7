import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';

import type { HeldMemory } from './held-memory.js';

/**
 * Loaded into a process before its program (`--expose-gc --import`). Asked by its parent, it collects what nobody needs
 * and tells what is left.
 */
async function tell(): Promise<void> {
  // What the first collection sets free by finalizers goes with the second.
  for (let times = 0; times < 2; times += 1) {
    globalThis.gc?.();
    await nextTurn();
  }
  const { total_physical_size: heapBytes, used_heap_size: usedBytes } = getHeapStatistics();
  const residentBytes = process.memoryUsage.rss();
  process.send?.({ heldBytes: residentBytes - (heapBytes - usedBytes), residentBytes } satisfies HeldMemory);
}

process.on('message', () => void tell());
// It ends as it would without a parent.
process.channel?.unref();
