import { type FaultWorldOptions, FaultWorld } from './fault-world.js';
import { settleAll } from './heal.js';
import { overpaid } from './oracle.js';
import { oweSome, type Round } from './round.js';
import { deck } from './decks.js';
import { SeededRandom } from './seeded-random.js';

export interface TortureOptions {
  seed: number;
  /** The first round that is run; those before it are left out. */
  firstRound?: number;
  /** Asked before each round. */
  isOver: (roundsDone: number) => boolean;
  /** What the rounds are drawn from: shuffled decks, one after another. */
  rounds?: readonly Round[];
  /** The rounds come in the order in which they are given. */
  inOrder?: boolean;
}

export interface TortureReport {
  seed: number;
  rounds: number;
  kills: ReadonlyMap<string, number>;
  faults: ReadonlyMap<string, number>;
  debts: number;
  payouts: number;
  paidMicroUsd: bigint;
  txs: number;
  gas: bigint;
  /** What went wrong; nothing when every payout was paid once. */
  wrong: string[];
}

const roundsBetweenJudgements = 8;

/** The nth round of a seed: decks one after another, each in an order of its own. */
function roundAt({ seed, rounds = deck, inOrder = false }: TortureOptions, index: number): Round {
  const decks = Math.floor(index / rounds.length);
  const order = inOrder ? rounds : SeededRandom.of(seed, decks).shuffled(rounds);
  const round = order[index % rounds.length];
  if (!round) throw new Error('a deck has no rounds');
  return round;
}

/** The rounds' own randomness does not depend on those before. */
const randomOfRound = (seed: number, index: number): SeededRandom => SeededRandom.of(seed, 1_000_000 + index);

/** Lets go wrong what the seed says, until it is over or something is wrong that must not be. */
export async function torture(options: TortureOptions & FaultWorldOptions): Promise<TortureReport> {
  const world = await FaultWorld.open(options);
  try {
    return await tortureIn(world, options);
  } finally {
    await world.close();
  }
}

/** The same in a world that is open already. */
export async function tortureIn(world: FaultWorld, options: TortureOptions): Promise<TortureReport> {
  const { seed, firstRound = 0, isOver } = options;
  let done = 0;
  const next = async (): Promise<string[]> => {
    const index = firstRound + done;
    const round = roundAt(options, index);
    world.say(`round ${index}: ${round.name}`);
    const wrong = await playRound(world, round, randomOfRound(seed, index));
    done += 1;
    return wrong.length > 0 || done % roundsBetweenJudgements !== 0 ? wrong : settleAll(world);
  };
  await oweSome(world, randomOfRound(seed, -1));
  let wrong = await settleAll(world);
  while (wrong.length === 0 && !isOver(done)) wrong = await next();
  if (wrong.length === 0) wrong = await settleAll(world);
  return { seed, rounds: done, wrong, ...(await figures(world)) };
}

async function playRound(world: FaultWorld, round: Round, random: SeededRandom): Promise<string[]> {
  try {
    await round.run(world, random);
    const wrong = overpaid(await world.chain.transfers(), world.books.payees);
    return wrong.map((each) => `${round.name}: ${each}`);
  } catch (error) {
    return [`${round.name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

async function figures({ chain, tally }: FaultWorld) {
  const transfers = await chain.transfers();
  const txs = [...new Set(transfers.map(({ txHash }) => txHash))];
  return {
    ...{ kills: tally.kills, faults: tally.faults, debts: tally.debts },
    payouts: transfers.length,
    paidMicroUsd: transfers.reduce((sum, { microUsd }) => sum + microUsd, 0n),
    txs: txs.length,
    gas: await chain.gasOf(txs),
  };
}
