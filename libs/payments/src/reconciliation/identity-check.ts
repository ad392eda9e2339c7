import { z } from 'zod';

import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { decodeAggregate, encodeAggregate, multicall3Address } from '../chain/multicall3.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { decodeTokenAnswer, encodeTokenCall } from '../chain/usdc.js';
import type { AuthorizationScan } from './authorization-scan.js';
import { readScan } from './scan-rows.js';

/** Whether the token has seen authorizations that the books have not made yet: then the books are older than the chain. */
export class IdentityCheck {
  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly scan: AuthorizationScan,
  ) {}

  /** Of these authorization nonces those that the newest block has used or cancelled, final or not. */
  async usedNow(nonces: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
    if (nonces.length === 0) return new Set();
    const { tokenAddress, treasury } = this.chain;
    const questions = nonces.map((nonce) => ({
      target: tokenAddress,
      data: encodeTokenCall('authorizationState', [treasury.address, nonce]),
    }));
    const answers = await this.chain.ask(
      async (node) =>
        decodeAggregate(await node.call({ to: multicall3Address, data: encodeAggregate(questions) })),
      signal,
    );
    return new Set(
      nonces.filter((_, index) => {
        const answer = answers[index];
        if (!answer?.success)
          throw new Error(`the token ${tokenAddress} does not answer authorizationState()`);
        return decodeTokenAnswer('authorizationState', answer.data, z.boolean());
      }),
    );
  }

  /**
   * Which of these the token used or cancelled before the books began to read the chain, so that nothing in them can say
   * what it paid. In words, or null. What is not final yet says nothing.
   */
  async findOlder(nonces: readonly string[], signal?: AbortSignal): Promise<string | null> {
    const final = await this.scan.advance(signal);
    const facts = await this.scan.factsOf(nonces);
    const missing = nonces.find((nonce) => !facts.has(nonce));
    if (missing === undefined || !final || (await this.scan.isUsed(missing, final.number, signal)) !== true)
      return null;
    const { firstBlock } = (await readScan(ready(this.database), this.chain)) ?? { firstBlock: 0n };
    return (
      `the authorization ${missing} of the next payout was used on the chain before block ${firstBlock}, ` +
      'where these books begin: they are older than the payment'
    );
  }
}
