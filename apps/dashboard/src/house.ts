import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import type * as z from 'zod/mini';
import { ask, type Asking, Refusal } from './api/client.js';
import type { Feed } from './live/feed.js';
import type { Session } from './session.js';

/** What every view may use: who is signed in, and the line to the server. */
export interface House {
  session: Session | null;
  feed: Feed | null;
  /** Ends the session; `why` is shown where one signs in. */
  leave: (why?: string) => void;
}

export const HouseContext = createContext<House>({ session: null, feed: null, leave: () => undefined });

export const useHouse = (): House => useContext(HouseContext);
export const useMayChange = (): boolean => useHouse().session?.role === 'admin';

/** Asks with the token; a session that has ended is left. */
export function useAsk(): <S extends z.ZodMiniType>(
  path: string,
  schema: S,
  asking?: Asking,
) => Promise<z.output<S>> {
  const { session, leave } = useHouse();
  return useCallback(
    async (path, schema, asking = {}) => {
      try {
        return await ask(path, schema, { token: session?.token ?? null, ...asking });
      } catch (error) {
        if (error instanceof Refusal && error.status === 401 && session !== null)
          leave('Your session has ended. Sign in again.');
        throw error;
      }
    },
    [session, leave],
  );
}

export interface Answered<T> {
  data: T | null;
  fault: string | null;
  /** When the data came, Unix milliseconds. */
  atMs: number | null;
  reload: () => void;
}

interface Asked<S> {
  schema: S;
  /** Events after which the facts are asked for again. */
  topics?: readonly string[];
  /** Asks again after this time, also without an event. */
  everyMs?: number;
}

/** An event that comes while an answer is under way must not be lost, but a burst asks only once more. */
const settleMs = 150;

/** The facts at `path`, kept fresh. What was last known stays on the page while a newer answer fails or is under way. */
export function useAnswer<S extends z.ZodMiniType>(
  path: string | null,
  { schema, topics = [], everyMs }: Asked<S>,
): Answered<z.output<S>> {
  const { feed } = useHouse();
  const askFor = useAsk();
  const [state, setState] = useState<{
    path: string | null;
    data: z.output<S> | null;
    fault: string | null;
    atMs: number | null;
  }>({
    path,
    data: null,
    fault: null,
    atMs: null,
  });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  const topicKey = topics.join(' ');
  const shape = useRef(schema);

  useEffect(() => {
    if (path === null) return undefined;
    let gone = false;
    // An answer that nobody waits for any more is let come: it is small, and a request cut off looks like a fault.
    askFor(path, shape.current)
      .then((data) => {
        if (gone) return;
        setState({ path, data, fault: null, atMs: Date.now() });
      })
      .catch((error: unknown) => {
        if (gone) return;
        const fault = error instanceof Error ? error.message : String(error);
        setState((before) =>
          before.path === path ? { ...before, fault } : { path, data: null, fault, atMs: null },
        );
      });
    return () => {
      gone = true;
    };
  }, [path, round, askFor]);

  useEffect(() => {
    if (feed === null) return undefined;
    const wanted = new Set(['reconnected', ...topicKey.split(' ')]);
    let waiting: number | undefined;
    const leave = feed.onTopic((topic) => {
      if (!wanted.has(topic) || waiting !== undefined) return;
      waiting = window.setTimeout(() => {
        waiting = undefined;
        reload();
      }, settleMs);
    });
    return () => {
      clearTimeout(waiting);
      leave();
    };
  }, [feed, topicKey, reload]);

  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(reload, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs, reload]);

  // Of another path nothing is shown: a wrong fact is worse than none.
  const fresh = state.path === path;
  return {
    data: fresh ? state.data : null,
    fault: fresh ? state.fault : null,
    atMs: fresh ? state.atMs : null,
    reload,
  };
}
