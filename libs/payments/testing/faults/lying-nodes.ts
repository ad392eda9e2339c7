import type { RpcFate, RpcQuestion } from '../rpc-proxy.js';
import type { FaultWorld } from './fault-world.js';
import { oweSome, type Round } from './round.js';
import type { SeededRandom } from './seeded-random.js';
import { isSend } from './withheld-tx.js';

/** The nodes, one of them or all, answer like this until so many questions have been asked. */
const nodesThat = (
  kind: string,
  fateFor: (world: FaultWorld, random: SeededRandom) => Promise<(question: RpcQuestion) => RpcFate>,
): Round => ({
  name: `nodes that ${kind}`,
  async run(world, random) {
    const which = random.pick([0, 1, 'all'] as const);
    const fate = await fateFor(world, random);
    let left = random.between(5, 15);
    await new Promise<void>((done) => {
      world.nodes((question, node) => {
        left -= 1;
        if (left <= 0) done();
        return which === 'all' || which === node ? fate(question) : 'forward';
      });
      void oweSome(world, random);
    });
    world.nodes(() => 'forward');
    world.countFault(`nodes that ${kind}`);
  },
});

export const loseAnswers = nodesThat(
  'lose the answer to a tx',
  async () => (question) => (isSend(question) ? 'cut-after' : 'forward'),
);
export const limitTheRate = nodesThat('limit the rate', async () => () => ({ httpStatus: 429 }));
export const areSlow = nodesThat('are slow', async (_, random) => () => ({
  delayMs: random.between(50, 700),
}));
export const hideReceipts = nodesThat(
  'hide receipts',
  async () =>
    ({ method }) =>
      method === 'eth_getTransactionReceipt' ? { result: null } : 'forward',
);
export const hangUp = nodesThat(
  'hang up',
  async (_, random) => () =>
    random.chance(0.5) ? random.pick(['cut-before', 'cut-after'] as const) : 'forward',
);
export const tellOldNonces = nodesThat('tell old nonces', async (world) => {
  const nonce = await world.chain.nonceOfGasPayer();
  const old = `0x${nonce.toString(16)}`;
  return ({ method }) => (method === 'eth_getTransactionCount' ? { result: old } : 'forward');
});
