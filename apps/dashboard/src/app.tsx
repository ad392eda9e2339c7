import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { HouseContext, type House } from './house.js';
import { Feed } from './live/feed.js';
import { useRoute } from './route.js';
import { forgetSession, keepSession, keptSession, type Session, tokenSchema } from './session.js';
import { Shell } from './shell.js';
import { PayeeShell } from './payee/payee-shell.js';
import { FrontDoor } from './views/front-door.js';
import type * as z from 'zod/mini';

export function App() {
  const [session, setSession] = useState<Session | null>(keptSession);
  const [feed, setFeed] = useState<Feed | null>(null);
  const [why, setWhy] = useState('');
  const route = useRoute();

  const leave = useCallback((reason = '') => {
    forgetSession();
    setSession(null);
    setWhy(reason);
  }, []);
  const enter = useCallback((token: z.output<typeof tokenSchema>) => {
    setWhy('');
    setSession(keepSession(token));
  }, []);

  useEffect(() => {
    // A payee's page asks now and then: the events are about everybody.
    if (session === null || session.role === 'payee') return undefined;
    const line = new Feed(session.token, () => {
      leave('Your session has ended. Sign in again.');
    });
    line.start();
    setFeed(line);
    return () => {
      line.stop();
      setFeed(null);
    };
  }, [session, leave]);

  const house = useMemo<House>(() => ({ session, feed, leave }), [session, feed, leave]);
  return (
    <HouseContext.Provider value={house}>
      {session === null && <FrontDoor why={why} route={route} onEnter={enter} />}
      {session?.role === 'payee' && <PayeeShell route={route} />}
      {session !== null && session.role !== 'payee' && <Shell route={route} />}
    </HouseContext.Provider>
  );
}
