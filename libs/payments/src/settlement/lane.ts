import { z } from 'zod';

import { type Sql, selectRow, sqlBigint } from '../books/sql-rows.js';

/** One sender on one chain. */
export interface LaneId {
  chainId: bigint;
  address: string;
}

const laneRow = z
  .object({
    next_nonce: sqlBigint,
    status: z.enum(['active', 'resync', 'paused']),
    pause_reason: z.string().nullable(),
  })
  .transform((row) => ({ nextNonce: row.next_nonce, status: row.status, pauseReason: row.pause_reason }));

export type Lane = z.output<typeof laneRow>;

const key = ({ chainId, address }: LaneId): string[] => [chainId.toString(), address];

const read = (sql: Sql, id: LaneId, lock: string) =>
  selectRow(
    sql,
    laneRow,
    `select next_nonce, status, pause_reason from payments.lane where chain_id = $1 and address = $2 ${lock}`,
    key(id),
  );

export const readLane = (sql: Sql, id: LaneId): Promise<Lane | undefined> => read(sql, id, '');

/** Makes nonce allocation of all replicas wait for each other; the lane begins where the chain stands. */
export async function lockLane(tx: Sql, id: LaneId, chainNonce: bigint): Promise<Lane> {
  await tx.query(
    `insert into payments.lane (chain_id, address, next_nonce) values ($1, $2, $3) on conflict do nothing`,
    [...key(id), chainNonce.toString()],
  );
  const lane = await read(tx, id, 'for update');
  if (!lane) throw new Error(`the lane of ${id.address} is gone`);
  return lane;
}

/** The next nonce after this one was given away; in the transaction that stores what it was given to. */
export async function advanceLane(tx: Sql, id: LaneId, nextNonce: bigint): Promise<void> {
  await tx.query(
    `update payments.lane set next_nonce = $3, status = 'active', pause_reason = null
      where chain_id = $1 and address = $2`,
    [...key(id), nextNonce.toString()],
  );
}

/** The lane signs nothing more until a person has looked and resumed settlement. */
export async function pauseLane(tx: Sql, id: LaneId, reason: string): Promise<void> {
  await tx.query(
    `update payments.lane set status = 'paused', pause_reason = $3 where chain_id = $1 and address = $2`,
    [...key(id), reason],
  );
}

/** After a person's resume a paused lane goes on with the nonce at which the chain stands. */
export async function resumeLanes(tx: Sql): Promise<void> {
  await tx.query(`update payments.lane set status = 'resync', pause_reason = null where status = 'paused'`);
}
