import { delay } from '#platform';

import { oweSome, quiet, type Round } from './round.js';
import { letGo, withhold } from './withheld-tx.js';

export const pausedToken: Round = {
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

export const emptyGasWallet: Round = {
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

export const stranger: Round = {
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
