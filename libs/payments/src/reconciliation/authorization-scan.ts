import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { selectRows, sqlBigint } from '../books/sql-rows.js';
import type { EventLog } from '../chain/eth-schemas.js';
import type { EthNode } from '../chain/eth-node.js';
import { finalBlock } from '../chain/finality.js';
import { RpcRefusal } from '../chain/rpc-error.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import {
  authorizationFacts,
  authorizationTopics,
  decodeTokenAnswer,
  encodeTokenCall,
} from '../chain/usdc.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { formatUsd } from '../money/micro-usd.js';
import { payPayout } from '../payouts/close-payout.js';
import type { Payout } from '../payouts/payout.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChange, selectPayout } from '../payouts/payout-rows.js';
import {
  advanceScan,
  beginScan,
  type FinalAuthorization,
  finalAuthorizations,
  scanBegan,
  scannedTo,
  storeAuthorization,
  treasuryKey,
} from './authorization-rows.js';

/** Nodes refuse ranges that they find too wide, each at its own number; a refused range is halved down to this one. */
const widestRange = 10_000n;
const narrowestRange = 64n;

const unknownRow = z.object({
  nonce: z.string(),
  tx_hash: z.string(),
  to_address: z.string(),
  amount: sqlBigint,
  payout_id: z.uuid().nullable(),
});

/**
 * Reads from final blocks what became of the treasury's authorizations, whoever brought them to the chain. What the
 * token recorded decides about a payout, not what we sent.
 */
export class AuthorizationScan {
  private readonly log = new FactLogger('reconciliation');
  private hasBegun = false;

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly ledger: Ledger,
  ) {}

  /** New books begin with the newest block that is final when they first see the chain. */
  async begin(signal?: AbortSignal): Promise<void> {
    if (this.hasBegun) return;
    const final = await this.chain.ask((node) => finalBlock(node, this.chain.options.finality), signal);
    await beginScan(ready(this.database), this.chain, final?.number ?? -1n);
    this.hasBegun = true;
  }

  /** Reads up to the newest final block and returns it; null while the chain has none. */
  async advance(signal?: AbortSignal): Promise<{ number: bigint; timestamp: bigint } | null> {
    await this.begin(signal);
    return this.chain.ask(async (node) => {
      const final = await finalBlock(node, this.chain.options.finality);
      if (!final) return null;
      const sql = ready(this.database);
      let from = ((await scannedTo(sql, this.chain)) ?? final.number) + 1n;
      let range = widestRange;
      while (from <= final.number) {
        const to = from + range - 1n < final.number ? from + range - 1n : final.number;
        const logs = await this.logs(node, from, to);
        if (logs === 'too wide') {
          range /= 2n;
          continue;
        }
        await this.store(node, logs, to);
        from = to + 1n;
      }
      return final;
    }, signal);
  }

  /** What the treasury has authorized according to the chain but not to the books, in words; null when they agree. */
  async findUnknown(signal?: AbortSignal): Promise<string | null> {
    await this.advance(signal);
    const [found] = await selectRows(
      ready(this.database),
      unknownRow,
      `select c.nonce, c.tx_hash, c.to_address, c.amount, p.id as payout_id
         from payments.chain_authorization c left join payments.payout p on p.authorization_nonce = c.nonce
        where c.chain_id = $1 and c.token_address = $2 and c.treasury_address = $3 and c.kind = 'used'
          and (p.id is null or p.status = 'returned' or p.amount_micro_usd <> c.amount or p.payout_address <> c.to_address)
        order by c.block_number limit 1`,
      treasuryKey(this.chain),
    );
    if (!found) return null;
    const paid = `$${formatUsd(found.amount)} to ${found.to_address} in ${found.tx_hash}`;
    return found.payout_id === null
      ? `the treasury paid ${paid} by an authorization that these books do not know`
      : `the treasury paid ${paid}, which is not what the payout ${found.payout_id} says`;
  }

  /** What final blocks say about these payouts' authorizations; call `advance` before. */
  async factsOf(nonces: readonly string[]): Promise<Map<string, FinalAuthorization>> {
    const facts = await finalAuthorizations(ready(this.database), this.chain, nonces);
    return new Map(facts.map((fact) => [fact.nonce, fact]));
  }

  /**
   * Whether the token used or cancelled an authorization before the books began to read the chain, so that nothing in
   * them can say what it paid: only for one that is used at a final block. In words, or null.
   */
  async findOlder(payouts: readonly { id: string; authorizationNonce: string }[], signal?: AbortSignal) {
    const facts = await this.factsOf(payouts.map(({ authorizationNonce }) => authorizationNonce));
    const missing = payouts.find(({ authorizationNonce }) => !facts.has(authorizationNonce));
    if (!missing) return null;
    const { tokenAddress, treasury, options } = this.chain;
    const data = encodeTokenCall('authorizationState', [treasury.address, missing.authorizationNonce]);
    const isUsed = await this.chain.ask(async (node) => {
      const final = await finalBlock(node, options.finality);
      if (!final) return false;
      const answer = await node.call({ to: tokenAddress, data }, final.number);
      return decodeTokenAnswer('authorizationState', answer, z.boolean());
    }, signal);
    if (!isUsed) return null;
    const firstBlock = await scanBegan(ready(this.database), this.chain);
    return (
      `the authorization of the payout ${missing.id} was used on the chain before block ${firstBlock ?? 0n}, ` +
      'where these books begin: they are older than the payment'
    );
  }

  /**
   * Closes payouts whose authorization the token has seen, though no settlement of ours is open for them: mined by
   * somebody else, or paid by these books before they were restored from a backup. What is not final yet waits.
   */
  async settleUsed(payoutIds: readonly string[]): Promise<void> {
    for (const id of payoutIds) {
      const paid = await this.database.transaction(async (tx) => {
        const payout = await selectPayout(tx, id, 'for update');
        if (!payout || !['reserved', 'held'].includes(payout.status)) return undefined;
        const [fact] = await finalAuthorizations(tx, this.chain, [payout.authorizationNonce ?? '']);
        if (!fact) return undefined;
        if (fact.kind === 'used') return this.pay(tx, payout, fact);
        if (payout.status === 'reserved') {
          const reason = `its authorization was cancelled in ${fact.txHash}`;
          await tx.query(`update payments.payout set status = 'held', hold_reason = $2 where id = $1`, [
            id,
            reason,
          ]);
          await recordChange(tx, id, 'held', reason);
        }
        return undefined;
      });
      if (paid) logPayout(this.log, 'payout paid', paid);
    }
  }

  /** @throws Error when the chain paid something else; the payout stays as it is */
  async pay(
    tx: Parameters<typeof payPayout>[0],
    payout: Payout,
    fact: Pick<FinalAuthorization, 'txHash' | 'blockNumber' | 'blockTime' | 'toAddress' | 'amount'>,
  ): Promise<Payout> {
    if (fact.toAddress !== payout.payoutAddress || fact.amount !== payout.amountMicroUsd) {
      throw new Error(
        `the chain paid another amount or recipient for the payout ${payout.id} in ${fact.txHash}`,
      );
    }
    return payPayout(tx, this.ledger, payout, {
      creditAccount: account.treasury(this.chain.chainId, this.chain.tokenAddress),
      at: fact.blockTime,
      detail: `final in block ${fact.blockNumber} by ${fact.txHash}`,
      txHash: fact.txHash,
      blockNumber: fact.blockNumber,
    });
  }

  private async logs(node: EthNode, fromBlock: bigint, toBlock: bigint): Promise<EventLog[] | 'too wide'> {
    try {
      const topics = authorizationTopics(this.chain.treasury.address);
      return await node.logs({ address: this.chain.tokenAddress, topics, fromBlock, toBlock });
    } catch (error) {
      if (error instanceof RpcRefusal && toBlock - fromBlock >= narrowestRange) return 'too wide';
      throw error;
    }
  }

  private async store(node: EthNode, logs: readonly EventLog[], scannedToBlock: bigint): Promise<void> {
    const facts = authorizationFacts(logs, this.chain.tokenAddress, this.chain.treasury.address);
    const times = new Map<bigint, Date>();
    for (const { blockNumber } of facts) {
      if (times.has(blockNumber)) continue;
      const block = await node.block(blockNumber);
      if (!block) throw new Error(`${node.name} has logs of block ${blockNumber}, but not the block`);
      times.set(blockNumber, new Date(Number(block.timestamp) * 1000));
    }
    await this.database.transaction(async (tx) => {
      for (const fact of facts) {
        const time = times.get(fact.blockNumber);
        if (time) await storeAuthorization(tx, this.chain, fact, time);
      }
      await advanceScan(tx, this.chain, scannedToBlock);
    });
  }
}
