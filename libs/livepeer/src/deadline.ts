export interface Deadline {
  /** Aborts when the time is up or when the outer signal does. */
  signal: AbortSignal;
  /** True when it was the time. */
  expired(): boolean;
  /** To be called in a `finally`: leaves neither timer nor listener behind. */
  release(): void;
}

/**
 * `AbortSignal.any([outer, AbortSignal.timeout(ms)])` keeps a timer until it fires and an entry on the outer signal for
 * good; a process that does this for each job of some months must not.
 */
export function startDeadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  let isExpired = false;
  const timer = setTimeout(() => {
    isExpired = true;
    controller.abort();
  }, ms);
  const abort = (): void => {
    controller.abort();
  };
  if (outer?.aborted) abort();
  outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    expired: () => isExpired,
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}
