/** One payee's claim to a container or an Engine. */
export interface StackClaim {
  orchestratorId: string;
  /** Start of the period that was paid first. */
  claimedFrom: Date;
  /** Counts from 1 in the order of the claims. */
  generation: number;
  /** When the claimant was archived; null while it lives. */
  archivedAt: Date | null;
}

/** Whose it is at a time: the latest claim that had begun by then; before the first one, the first. */
export function ownerAt(claims: readonly StackClaim[], at: Date): StackClaim | undefined {
  const inOrder = [...claims].sort(
    (a, b) => a.claimedFrom.getTime() - b.claimedFrom.getTime() || a.generation - b.generation,
  );
  return inOrder.findLast(({ claimedFrom }) => claimedFrom <= at) ?? inOrder[0];
}

/** Whether a payee may be paid with it for a period, and whether it must claim it for that. */
export function standing(
  claims: readonly StackClaim[],
  orchestratorId: string,
  periodStart: Date,
): { owner: 'oneself' | 'nobody' } | { owner: 'another'; orchestratorId: string } {
  const owner = ownerAt(claims, periodStart);
  if (!owner) return { owner: 'nobody' };
  if (owner.orchestratorId === orchestratorId) return { owner: 'oneself' };
  // What belonged to a payee that was archived before may be claimed anew.
  if (owner.archivedAt !== null && owner.archivedAt <= periodStart) return { owner: 'nobody' };
  return { owner: 'another', orchestratorId: owner.orchestratorId };
}
