import { useEffect, useReducer } from 'preact/hooks';
import { duration } from '../format.js';
import { useHouse } from '../house.js';

/** Whether the page hears the server, and how old its facts are when it does not. */
export function ConnectionState() {
  const { feed } = useHouse();
  const [, look] = useReducer((round: number) => round + 1, 0);
  useEffect(() => {
    const stop = feed?.onState(() => {
      look(undefined);
    });
    const timer = setInterval(() => {
      look(undefined);
    }, 1_000);
    return () => {
      stop?.();
      clearInterval(timer);
    };
  }, [feed]);
  if (feed === null) return null;
  const { connection, heardAtMs, retryAtMs } = feed.state;
  const age = heardAtMs === null ? null : duration(Date.now() - heardAtMs);
  const words = {
    live: 'Live',
    connecting: 'Connecting …',
    lost: age === null ? 'Not connected' : `Not connected. What you see is ${age} old.`,
  }[connection];
  return (
    <div
      class="connection"
      data-state={connection}
      role="status"
      aria-live={connection === 'lost' ? 'off' : 'polite'}
    >
      <span class="connection-dot" aria-hidden="true" />
      <span>{words}</span>
      {connection === 'lost' && (
        <button type="button" class="plain" onClick={feed.retryNow}>
          {retryAtMs === null ? 'Trying …' : `Try now (${duration(retryAtMs - Date.now())})`}
        </button>
      )}
    </div>
  );
}
