import { Transaction } from 'ethers';
import { z } from 'zod';

import { delay } from '#platform';

import type { RpcFate, RpcQuestion } from '../rpc-proxy.js';
import type { Edge, Moment } from './edges.js';
import { moments } from './edges.js';
import type { FaultWorld } from './fault-world.js';
import { restoredBooks } from './restored-books-round.js';
import { microUsd, oweSome, quiet, type Round } from './round.js';
import type { SeededRandom } from './seeded-random.js';

const isSend = ({ method }: RpcQuestion): boolean => method === 'eth_sendRawTransaction';
const rawOf = ({ params }: RpcQuestion): string => z.string().parse(params[0]);

/** No tx reaches a node; resolves with the first that should have. */
function withhold(world: FaultWorld): Promise<string> {
  return new Promise((sent) => {
    world.nodes((question) => {
      if (!isSend(question)) return 'forward';
      sent(rawOf(question));
      return 'cut-before';
    });
  });
}

/** What was withheld goes out: the books' clock passes the time that resending waits. */
async function letGo(world: FaultWorld): Promise<void> {
  world.nodes(() => 'forward');
  await world.books.later(10_000);
}

const killOnTheWay = (edge: Edge, moment?: Moment): Round => ({
  name: `death at ${edge}`,
  async run(world, random) {
    const death = world.killAt(edge, moment ?? random.pick(moments));
    await oweSome(world, random);
    await death;
  },
});

const killInReorg: Round = {
  name: 'death at E4, in a reorganisation',
  async run(world, random) {
    await quiet(world);
    await world.chain.holdBlocks();
    const dead = world.killAt('E3', 'after commit', async () => {
      await world.chain.reorganise();
      world.countFault('reorganisation');
    });
    await oweSome(world, random);
    await dead;
    await world.killAt('E4', random.pick(moments));
    world.chain.releaseBlocks();
  },
};

const reorganisation: Round = {
  name: 'a reorganisation under a living process',
  async run(world, random) {
    await quiet(world);
    await world.chain.holdBlocks();
    const mined = world.seen('E3');
    await oweSome(world, random);
    await mined;
    const taken = world.seen('E4');
    await world.chain.reorganise();
    world.countFault('reorganisation');
    await taken;
    world.chain.releaseBlocks();
  },
};

const killInBump: Round = {
  name: 'death at E6, after the tx was dropped',
  async run(world, random) {
    await quiet(world);
    await world.chain.holdBlocks();
    await world.chain.automine(false);
    let raw: string | undefined;
    world.nodes((question) => {
      if (isSend(question)) raw ??= rawOf(question);
      return 'forward';
    });
    const sent = world.seen('E2');
    await oweSome(world, random);
    await sent;
    if (raw !== undefined) await world.chain.drop(Transaction.from(raw).hash ?? '');
    world.countFault('tx dropped from the pool');
    const death = world.killAt('E6', random.pick(moments));
    await world.books.later(31_000);
    await death;
    await world.chain.automine(true);
    world.chain.releaseBlocks();
  },
};

const settlementsSchema = z.object({ items: z.array(z.object({ id: z.uuid() })) });

const killInCancel: Round = {
  name: 'death at E7, when a person gives the nonce up',
  async run(world, random) {
    await quiet(world);
    await world.chain.holdBlocks();
    await world.chain.automine(false);
    const sent = world.seen('E2');
    await oweSome(world, random);
    await sent;
    const api = await world.api();
    const { items } = settlementsSchema.parse(await api.get('/payouts/settlements?status=open'));
    const death = world.killAt('E7', random.pick(moments));
    for (const { id } of items) await api.post(`/payouts/settlements/${id}/cancel`);
    world.countFault('nonce given up by a person');
    await death;
    await world.chain.automine(true);
    world.chain.releaseBlocks();
    await quiet(world);
  },
};

const killAfterTheft: Round = {
  name: 'death at E8, when somebody else used the nonce',
  async run(world, random) {
    await quiet(world);
    const withheld = withhold(world);
    await oweSome(world, random);
    await withheld;
    await world.chain.spendNonce();
    world.keyWasUsed = true;
    world.countFault('nonce used by somebody else');
    const death = world.killAt('E8', random.pick(moments));
    await letGo(world);
    await death;
    await quiet(world);
  },
};

const killAfterBlacklisting: Round = {
  name: 'death at E9, after a recipient was blacklisted',
  async run(world, random) {
    await quiet(world);
    const withheld = withhold(world);
    const [bad] = await world.owe([
      { payee: 'new', microUsd: microUsd(random) },
      { payee: 'new', microUsd: microUsd(random) },
    ]);
    await withheld;
    if (bad) {
      await world.chain.token.blacklist(bad.address);
      world.blacklisted.add(bad.address);
      world.countFault('recipient blacklisted');
    }
    const death = world.killAt('E9', random.pick(moments));
    await letGo(world);
    await death;
    await world.books.later(60_000);
  },
};

const pausedToken: Round = {
  name: 'a token that is paused after the signature',
  async run(world, random) {
    await quiet(world);
    const withheld = withhold(world);
    await oweSome(world, random);
    await withheld;
    await world.chain.token.pause();
    world.tokenIsPaused = true;
    world.countFault('token paused');
    const released = world.seen('E9');
    await letGo(world);
    await released;
    await world.books.later(60_000);
    await delay(random.between(0, 1_500));
    await quiet(world);
  },
};

const emptyGasWallet: Round = {
  name: 'an empty gas wallet until the authorizations have expired',
  async run(world, random) {
    await quiet(world);
    const withheld = withhold(world);
    await oweSome(world, random);
    await withheld;
    await world.chain.setGas(0n);
    world.countFault('gas wallet empty past validBefore');
    const refused = world.seen('E2');
    await letGo(world);
    await refused;
    await world.chain.later(3_700);
    const released = world.seen('E9');
    await world.books.later(3_700_000);
    await world.chain.fillGasWallet();
    await released;
    await world.books.later(60_000);
  },
};

const stranger: Round = {
  name: 'an authorization that a stranger brought to the chain',
  async run(world, random) {
    await quiet(world);
    const withheld = withhold(world);
    await oweSome(world, random);
    await world.chain.sendAsStranger(await withheld);
    world.countFault('mined by a stranger');
    const final = world.seen('E5');
    await letGo(world);
    await final;
  },
};

const postgresCrash: Round = {
  name: 'PostgreSQL killed',
  async run(world, random) {
    await oweSome(world, random);
    await delay(random.between(0, 1_500));
    await world.postgres.crash(random.between(0, 1_000));
    world.countFault('PostgreSQL killed');
  },
};

const everythingCrashes: Round = {
  name: 'PostgreSQL and the distributor killed at once',
  async run(world, random) {
    await oweSome(world, random);
    await delay(random.between(0, 1_500));
    const [victim] = world.alive;
    if (victim) await Promise.all([world.postgres.crash(0), world.kill(victim)]);
    world.countFault('PostgreSQL and distributor killed');
    if (world.alive.length === 0) await world.enter();
  },
};

const twoDistributors: Round = {
  name: 'two distributors, of whom one dies',
  async run(world, random) {
    if (world.alive.length < 2) await world.enter();
    world.countFault('two distributors at once');
    await oweSome(world, random, 6);
    const edge = random.pick(['reserve', 'E0', 'E1', 'E2', 'E3', 'E5'] as const);
    const death = world.killAt(edge, random.pick(moments));
    await oweSome(world, random, 6);
    await death;
  },
};

const randomDeath: Round = {
  name: 'death at a random commit or question',
  async run(world, random) {
    const what = random.pick(['commit', 'question'] as const);
    const count = random.between(1, what === 'commit' ? 15 : 40);
    const death = world.killAtCount(count, what, random.pick(['before', 'after']));
    // A payout may need fewer than that.
    const isDead = death.then(() => true);
    do await oweSome(world, random);
    while (!(await Promise.race([isDead, delay(2_000).then(() => false)])));
  },
};

const suspended: Round = {
  name: 'a distributor that is suspended, and wakes when all is paid',
  async run(world, random) {
    const asleep = world.freezeAt(random.pick(['E0', 'E1', 'E2', 'E3'] as const));
    await oweSome(world, random);
    const sleeper = await asleep;
    world.countFault('distributor suspended');
    const final = world.seen('E5');
    await world.books.later(10_000);
    await final;
    world.thaw(sleeper);
    const next = world.seen('E5');
    await oweSome(world, random);
    await next;
    await world.kill(sleeper);
  },
};

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

const loseAnswers = nodesThat(
  'lose the answer to a tx',
  async () => (question) => (isSend(question) ? 'cut-after' : 'forward'),
);
const limitTheRate = nodesThat('limit the rate', async () => () => ({ httpStatus: 429 }));
const areSlow = nodesThat('are slow', async (_, random) => () => ({ delayMs: random.between(50, 700) }));
const hideReceipts = nodesThat(
  'hide receipts',
  async () =>
    ({ method }) =>
      method === 'eth_getTransactionReceipt' ? { result: null } : 'forward',
);
const hangUp = nodesThat(
  'hang up',
  async (_, random) => () =>
    random.chance(0.5) ? random.pick(['cut-before', 'cut-after'] as const) : 'forward',
);
const tellOldNonces = nodesThat('tell old nonces', async (world) => {
  const nonce = await world.chain.nonceOfGasPayer();
  const old = `0x${nonce.toString(16)}`;
  return ({ method }) => (method === 'eth_getTransactionCount' ? { result: old } : 'forward');
});

/** Every edge and most kinds of faults, in half a minute: what each test run plays, in this order. */
export const shortDeck: readonly Round[] = [
  killOnTheWay('reserve'),
  killOnTheWay('E0'),
  killOnTheWay('E1', 'after commit'),
  killOnTheWay('E2'),
  twoDistributors,
  killInReorg,
  killOnTheWay('E5'),
  killInBump,
  killInCancel,
  killAfterTheft,
  killAfterBlacklisting,
  stranger,
  postgresCrash,
  loseAnswers,
];

/** Every kind once: what a long run deals again and again in another order. */
export const deck: readonly Round[] = [
  ...(['reserve', 'E0', 'E1', 'E2', 'E3', 'E5'] as const).map((edge) => killOnTheWay(edge)),
  killInReorg,
  reorganisation,
  killInBump,
  killInCancel,
  killAfterTheft,
  killAfterBlacklisting,
  pausedToken,
  emptyGasWallet,
  stranger,
  postgresCrash,
  everythingCrashes,
  twoDistributors,
  suspended,
  restoredBooks,
  randomDeath,
  randomDeath,
  loseAnswers,
  limitTheRate,
  areSlow,
  hideReceipts,
  hangUp,
  tellOldNonces,
];
