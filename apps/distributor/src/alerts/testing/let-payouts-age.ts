import type { DataSource } from 'typeorm';

/** Those that are sent become as old as if nothing had happened for so long. */
export async function letPayoutsAge(owner: DataSource, seconds: number): Promise<void> {
  await owner.transaction(async (tx) => {
    // When a payout was made is not for anybody to change.
    await tx.query('set local session_replication_role = replica');
    await tx.query(
      `update payments.payout set created_at = created_at - make_interval(secs => $1)
        where status = 'sent' and created_at > payments.clock() - make_interval(secs => $1)`,
      [seconds],
    );
  });
}
