import { emptyGasWallet, pausedToken, stranger } from './blocked-payments.js';
import { everythingCrashes, postgresCrash, randomDeath, suspended, twoDistributors } from './crashes.js';
import {
  killAfterBlacklisting,
  killAfterTheft,
  killInBump,
  killInCancel,
  killInReorg,
  killOnTheWay,
  reorganisation,
} from './deaths-on-the-way.js';
import { areSlow, hangUp, hideReceipts, limitTheRate, loseAnswers, tellOldNonces } from './lying-nodes.js';
import { restoredBooks } from './restored-books-round.js';
import type { Round } from './round.js';

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
