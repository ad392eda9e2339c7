import { describe, expect, it } from '@jest/globals';

import { type StackClaim, standing } from './stack-owner.js';

const day = (number: number): Date => new Date(Date.UTC(2026, 10, number));
const claim = (orchestratorId: string, from: number, generation: number, archived?: number): StackClaim => ({
  orchestratorId,
  claimedFrom: day(from),
  generation,
  archivedAt: archived === undefined ? null : day(archived),
});

describe('whose a container is', () => {
  it.each([
    ['nobody’s before anyone claims it', [], 5, { owner: 'nobody' }],
    ['its claimant’s', [claim('me', 1, 1)], 5, { owner: 'oneself' }],
    ['its first claimant’s also before that', [claim('me', 7, 1)], 5, { owner: 'oneself' }],
    ['not free for another one', [claim('other', 1, 1)], 5, { owner: 'another', orchestratorId: 'other' }],
    [
      'not free for another one even before it was claimed',
      [claim('other', 7, 1)],
      5,
      { owner: 'another', orchestratorId: 'other' },
    ],
    ['free from the archive of its owner on', [claim('other', 1, 1, 5)], 5, { owner: 'nobody' }],
    [
      'its owner’s until the archive',
      [claim('other', 1, 1, 6)],
      5,
      { owner: 'another', orchestratorId: 'other' },
    ],
    ['its latest claimant’s', [claim('other', 1, 1, 3), claim('me', 4, 2)], 5, { owner: 'oneself' }],
    [
      'its earlier claimant’s at an earlier time',
      [claim('other', 1, 1, 3), claim('me', 4, 2)],
      2,
      { owner: 'another', orchestratorId: 'other' },
    ],
  ])('is %s', (_what, claims, at, expected) => {
    expect(standing(claims, 'me', day(at))).toEqual(expected);
  });
});
