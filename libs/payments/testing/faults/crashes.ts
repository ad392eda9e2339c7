import { delay } from '#platform';

import { moments } from './edges.js';
import { oweSome, type Round } from './round.js';

export const postgresCrash: Round = {
  name: 'PostgreSQL killed',
  async run(world, random) {
    await oweSome(world, random);
    await delay(random.between(0, 1_500));
    await world.postgres.crash(random.between(0, 1_000));
    world.countFault('PostgreSQL killed');
  },
};

export const everythingCrashes: Round = {
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

export const twoDistributors: Round = {
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

export const randomDeath: Round = {
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

export const suspended: Round = {
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
