import { Alerts } from '#payments';
import { Database } from '#platform/database';
import { DataSource } from 'typeorm';
import { dangerousTexts } from '../dangerous-texts.js';
import { otherAddress, type RestRig } from '../rest-rig.js';
import { until } from '../running-distributor.js';

/** Payees, versions of terms, corrections, judged periods and a payout. */
export async function fill(rig: RestRig): Promise<void> {
  const { id } = await rig.create({ name: '=cmd|evil', required_services: ['redis_scb'] });
  for (const number of [1, 2, 3]) {
    await rig.create({});
    await rig.send('POST', 'adjustments', {
      orchestrator_id: id,
      amount_usd: `0.00000${number}`,
      reason: number === 1 ? '=1+1' : `correction "${number}", with a comma\nand a line`,
    });
    await rig.send('PUT', `orchestrators/${id}/rate`, { usd_per_minute: `${number}` });
    await rig.send('POST', 'policies', { orchestrator_id: id, min_uptime: 90 + number });
  }
  await until(
    () => rig.itemsOf('payments'),
    (payments) => payments.length > 1,
  );
  rig.worker.down.add('autogen_agent');
  await until(
    () => rig.itemsOf('assessments?decision=unpaid&limit=1'),
    (unpaid) => unpaid.length > 0,
  );
  rig.worker.down.clear();
}

/** More than one page of a list has, whatever of these sizes it is. */
export const pageSizes = [1, 3, 7] as const;
const rows = Math.max(...pageSizes) + 1;
const numbers = Array.from({ length: rows }, (_, index) => index);

/** At least this many of everything that has a list; with every text that a spreadsheet could run, wherever a person may write one. */
export async function fillPages(rig: RestRig, databaseUrl: string, paid: string): Promise<void> {
  const periodMs = 1_000;
  const laterMs = (Math.floor(Date.now() / periodMs) + 3_600) * periodMs;
  for (const number of numbers) {
    const { id } = await rig.create({ name: dangerousTexts[number], payout_address: otherAddress });
    const effective_from = new Date(laterMs + number * periodMs).toISOString();
    await rig.send('PUT', `orchestrators/${id}/rate`, { usd_per_minute: '1', effective_from });
    await rig.send('POST', 'policies', { orchestrator_id: id, min_uptime: 90, effective_from });
    await rig.send('POST', 'alerts/silences', { kind: 'gas_low', duration_seconds: 60, reason: 'page' });
    await rig.send('POST', 'reconciliation/runs');
    await rig.send('POST', 'adjustments', { orchestrator_id: paid, amount_usd: '1', reason: 'for a payout' });
    await rig.send('POST', 'payouts/run');
  }
  for (const reason of dangerousTexts) {
    await rig.send('POST', 'adjustments', { orchestrator_id: paid, amount_usd: '-0.000001', reason });
  }
  const payouts = await rig.itemsOf(`payments?orchestrator_id=${paid}&status=reserved`);
  for (const [index, { id }] of payouts.entries()) {
    const reference = dangerousTexts[index % dangerousTexts.length];
    await rig.send('POST', `payments/${String(id)}/mark-paid`, { reference });
  }
  await raiseAlerts(rig);
  await addSettlements(databaseUrl);
  await until(
    () => rig.itemsOf('alerts/deliveries'),
    (deliveries) => deliveries.length >= rows,
  );
}

const raiseAlerts = (rig: RestRig): Promise<void> =>
  rig.distributor.app.get(Database).transaction(async (tx) => {
    const alerts = rig.distributor.app.get(Alerts);
    for (const number of numbers) {
      await alerts.raise(tx, {
        kind: 'equivocation',
        subject: `orchestrator/${number}`,
        text: 'Two reports',
      });
    }
  });

/** Nonces as a chain would have left them: these books have none. */
async function addSettlements(databaseUrl: string): Promise<void> {
  const owner = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
  const address = `0x${'a'.repeat(40)}`;
  try {
    await owner.query('insert into payments.lane (chain_id, address, next_nonce) values (1, $1, $2)', [
      address,
      rows,
    ]);
    await owner.query(
      `insert into payments.settlement (chain_id, from_address, nonce, tx_to, tx_data, status, final_at)
         select 1, $1, nonce, $1, '0x', 'final', payments.clock() from generate_series(0, $2::int - 1) as nonce`,
      [address, rows],
    );
  } finally {
    await owner.destroy();
  }
}
