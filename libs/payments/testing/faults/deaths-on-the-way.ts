import { Transaction } from 'ethers';
import { z } from 'zod';

import type { Edge, Moment } from './edges.js';
import { moments } from './edges.js';
import { microUsd, oweSome, quiet, type Round } from './round.js';
import { isSend, letGo, rawOf, withhold } from './withheld-tx.js';

export const killOnTheWay = (edge: Edge, moment?: Moment): Round => ({
  name: `death at ${edge}`,
  async run(world, random) {
    const death = world.killAt(edge, moment ?? random.pick(moments));
    await oweSome(world, random);
    await death;
  },
});

export const killInReorg: Round = {
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

export const reorganisation: Round = {
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

export const killInBump: Round = {
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

export const killInCancel: Round = {
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

export const killAfterTheft: Round = {
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

export const killAfterBlacklisting: Round = {
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
