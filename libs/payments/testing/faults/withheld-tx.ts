import { z } from 'zod';

import type { RpcQuestion } from '../rpc-proxy.js';
import type { FaultWorld } from './fault-world.js';

export const isSend = ({ method }: RpcQuestion): boolean => method === 'eth_sendRawTransaction';
export const rawOf = ({ params }: RpcQuestion): string => z.string().parse(params[0]);

/** No tx reaches a node; resolves with the first that should have. */
export function withhold(world: FaultWorld): Promise<string> {
  return new Promise((sent) => {
    world.nodes((question) => {
      if (!isSend(question)) return 'forward';
      sent(rawOf(question));
      return 'cut-before';
    });
  });
}

/** What was withheld goes out: the books' clock passes the time that resending waits. */
export async function letGo(world: FaultWorld): Promise<void> {
  world.nodes(() => 'forward');
  await world.books.later(10_000);
}
