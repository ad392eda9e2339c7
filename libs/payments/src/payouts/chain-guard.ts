/** What must be known of the chain before payouts are made, so that books that are older than the chain pay nothing again. */
export interface ChainGuard {
  /** Takes over what the books have lost. The reason that stopped settlement, or null. */
  check(signal?: AbortSignal): Promise<string | null>;
  /** Of these identities those that the token has seen. */
  usedNow(nonces: readonly string[], signal?: AbortSignal): Promise<ReadonlySet<string>>;
  /** Stops settlement when one of these was paid before the books begin. */
  older(
    payouts: readonly { authorizationNonce: string | null }[],
    signal?: AbortSignal,
  ): Promise<string | null>;
}
