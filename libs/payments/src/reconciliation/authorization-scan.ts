import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { z } from 'zod';

import { ready } from '../books/ready.js';
import type { Disagreement } from '../chain/agreement.js';
import type { Block } from '../chain/eth-schemas.js';
import { finalBlock } from '../chain/finality.js';
import { toMicroUsd } from '../chain/token-units.js';
import { treasuryUnits } from '../chain/treasury-balance.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { decodeTokenAnswer, encodeTokenCall } from '../chain/usdc.js';
import { selectRow, sqlBigint } from '../books/sql-rows.js';
import type { Ledger } from '../ledger/ledger.js';
import { type FinalAuthorization, finalAuthorizations, storeAuthorization } from './authorization-rows.js';
import type { LostBlocks } from './lost-blocks.js';
import { postFunding, storeMovement } from './movement-rows.js';
import { isSameRange, readRange, timeOf, type TreasuryRange } from './read-range.js';
import { advanceScan, beginScan, readScan, type Scan, storeOpening, treasuryKey } from './scan-rows.js';

/** Nodes refuse ranges that they find too wide, each at its own number. */
const widestRange = 10_000n;

const sumRow = z.object({ total: sqlBigint });

/**
 * Reads from final blocks what became of the treasury's authorizations and what else came into it and left it, whoever
 * brought it to the chain. What the token recorded decides about a payout, not what we sent.
 */
export class AuthorizationScan {
  private readonly log = new FactLogger('reconciliation');
  private hasBegun = false;
  /** Why the newest final blocks have not been read, for people. */
  disagreement: Disagreement | null = null;

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly ledger: Ledger,
    private readonly lostBlocks: LostBlocks,
  ) {}

  /** New books begin with the newest block that is final when they first see the chain. True when they did so now. */
  async begin(signal?: AbortSignal): Promise<boolean> {
    if (this.hasBegun) return false;
    const final = await this.chain.ask((node) => finalBlock(node, this.chain.options.finality), signal);
    const isNew = await beginScan(ready(this.database), this.chain, final?.number ?? -1n);
    this.hasBegun = true;
    return isNew;
  }

  /** Reads up to the newest final block that two nodes agree on and returns it; null while there is none. */
  async advance(signal?: AbortSignal): Promise<Block | null> {
    await this.begin(signal);
    await this.lostBlocks.takeBack(signal);
    const final = await this.chain.ask((node) => finalBlock(node, this.chain.options.finality), signal);
    const scan = await readScan(ready(this.database), this.chain);
    if (!final || !scan) return null;
    let last: Block | null = null;
    for (let from = scan.scannedTo + 1n; from <= final.number;) {
      const to = from + widestRange - 1n < final.number ? from + widestRange - 1n : final.number;
      const read = await this.chain.agree(
        (node) => readRange(node, this.chain, from, to),
        isSameRange,
        signal,
      );
      this.disagreement = read.agreed ? null : { reason: read.reason, detail: read.detail };
      if (!read.agreed || read.value === null) break;
      await this.store(read.value);
      ({ last } = read.value);
      from = to + 1n;
    }
    last ??= await this.chain.ask((node) => node.block(scan.scannedTo), signal);
    if (last && scan.openingAmount === null) await this.open(scan, last, signal);
    return last;
  }

  /** What final blocks say about these authorizations; call `advance` before. */
  async factsOf(nonces: readonly string[]): Promise<Map<string, FinalAuthorization>> {
    const facts = await finalAuthorizations(ready(this.database), this.chain, nonces);
    return new Map(facts.map((fact) => [fact.nonce, fact]));
  }

  /** Whether the token says at a block that an authorization was used or cancelled. Two nodes must say it. */
  async isUsed(nonce: string, atBlock: bigint, signal?: AbortSignal): Promise<boolean | null> {
    const { tokenAddress, treasury } = this.chain;
    const data = encodeTokenCall('authorizationState', [treasury.address, nonce]);
    const answer = await this.chain.agree(
      async (node) => {
        const state = await node.call({ to: tokenAddress, data }, atBlock);
        return state !== '0x' && decodeTokenAnswer('authorizationState', state, z.boolean());
      },
      (one, other) => one === other,
      signal,
    );
    return answer.agreed ? answer.value : null;
  }

  private async store({ last, facts, movements, times }: TreasuryRange): Promise<void> {
    await this.database.transaction(async (tx) => {
      await readScan(tx, this.chain, 'for update');
      for (const fact of facts) {
        await storeAuthorization(tx, this.chain, fact, times.get(fact.blockNumber) ?? timeOf(last));
      }
      for (const movement of movements) {
        await storeMovement(
          tx,
          this.ledger,
          this.chain,
          movement,
          times.get(movement.blockNumber) ?? timeOf(last),
        );
      }
      await advanceScan(tx, this.chain, last);
    });
  }

  /** What the treasury held before the first movement that was read is its opening funding. */
  private async open(scan: Scan, at: Block, signal?: AbortSignal): Promise<void> {
    const { chain } = this;
    const held = await chain.agree(
      (node) => treasuryUnits(node, chain, at.number),
      (one, other) => one === other,
      signal,
    );
    if (!held.agreed) return;
    await this.database.transaction(async (tx) => {
      const locked = await readScan(tx, chain, 'for update');
      if (locked?.openingAmount !== null || locked.scannedTo !== at.number) return;
      const seen = await selectRow(
        tx,
        sumRow,
        `select coalesce((select sum(case direction when 'in' then -amount else amount end)
                            from payments.treasury_movement
                           where chain_id = $1 and token_address = $2 and treasury_address = $3 and not is_lost), 0)
              + coalesce((select sum(amount) from payments.final_authorization
                           where chain_id = $1 and token_address = $2 and treasury_address = $3 and kind = 'used'
                             and block_hash is null), 0) as total`,
        treasuryKey(chain),
      );
      const opening = held.value + (seen?.total ?? 0n);
      await storeOpening(tx, chain, at.number, opening);
      await postFunding(tx, this.ledger, chain, {
        key: `${chain.tokenAddress.toLowerCase()}/${chain.treasury.address.toLowerCase()}/opening`,
        microUsd: toMicroUsd(opening, chain.decimals),
        at: timeOf(at),
        meta: { block: at.number.toString(), firstBlock: scan.firstBlock.toString() },
      });
    });
    this.log.info('treasury opened', { block: at.number.toString(), units: held.value.toString() });
  }
}
