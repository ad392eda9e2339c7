import type { DataSource } from 'typeorm';

import type { Benchmark, BenchmarkContext, Measurement, Section } from '../benchmark.js';
import { createBooks, describeServer, startServer } from '../books/bench-books.js';
import { cpuOfServerMs } from '../run/cpu-of-server.js';
import { medianAndLargest } from '../run/statistics.js';
import { type App, startApp } from './app.js';
import { BenchChain, type PayoutTx } from './bench-chain.js';
import { addPayees, oweEach, untilPaid } from './debts.js';
import { fullSizes, quickSizes, type Sizes } from './sizes.js';

const BYTES_PER_MB = 1_000_000;

interface Setting {
  owner: DataSource;
  chain: BenchChain;
  app: App;
  postgresPid: number;
}

/** Counts the payouts of the whole benchmark: all of them have to be final before the next are owed. */
class Payer {
  private payouts = 0;

  constructor(private readonly setting: Setting) {}

  /** From the moment in which they are payable to that in which the last one is final. */
  async pay(payees: readonly string[]): Promise<{ ms: number; txs: PayoutTx[] }> {
    const { owner, chain } = this.setting;
    await oweEach(owner, payees);
    this.payouts += payees.length;
    const ms = await untilPaid(owner, this.payouts);
    return { ms, txs: await chain.newPayoutTxs() };
  }
}

/** The distributor as it is deployed, on a real PostgreSQL and the chain of the local stack. */
export const settlement: Benchmark = {
  about: '1,000 payouts to a final block, gas of a payout, memory',
  async run(context) {
    const sizes = context.quick ? quickSizes : fullSizes;
    const { cleanUp } = context;
    context.progress('settlement: starting PostgreSQL, a chain and the distributor');
    const server = await startServer(cleanUp);
    const { url, owner } = await createBooks(server, 'settlement', cleanUp);
    const chain = await BenchChain.start(cleanUp);
    const app = await startApp(url, chain, cleanUp);
    const setting = { owner, chain, app, postgresPid: server.pid };
    const payer = new Payer(setting);
    const gas = await measureGas(setting, payer, sizes, context);
    const speed = await measureSpeed(setting, payer, sizes, context);
    return { sections: [speed, gas], surroundings: { PostgreSQL: await describeServer(owner) } };
  },
};

async function measureSpeed(
  { owner, app, postgresPid }: Setting,
  payer: Payer,
  { payouts, runs }: Sizes,
  context: BenchmarkContext,
): Promise<Section> {
  const payees = await addPayees(owner, payouts);
  // As autovacuum does within a minute on any server.
  await owner.query('vacuum analyze');
  const seconds: number[] = [];
  const cpu: number[] = [];
  const databaseCpu: number[] = [];
  let txs = 0;
  for (let run = 0; run < runs; run += 1) {
    context.progress(`settlement: ${payouts} payouts, time ${run + 1} of ${runs}`);
    const before = [await cpuOfServerMs(app.pid), await cpuOfServerMs(postgresPid)];
    const paid = await payer.pay(payees);
    const after = [await cpuOfServerMs(app.pid), await cpuOfServerMs(postgresPid)];
    seconds.push(paid.ms / 1_000);
    cpu.push(((after[0] ?? Number.NaN) - (before[0] ?? Number.NaN)) / 1_000);
    databaseCpu.push(((after[1] ?? Number.NaN) - (before[1] ?? Number.NaN)) / 1_000);
    txs = paid.txs.length;
  }
  return {
    title: `${payouts.toLocaleString('en-US')} payouts to a final block`,
    about:
      'From the moment in which the debts are committed: the next tick reserves, signs and sends; final is two blocks on top, ' +
      'which come every two seconds and with each tx. The distributor is the deployed program with its schedules.',
    measurements: [
      {
        what: 'payable to final, all of them',
        unit: 's',
        ...medianAndLargest(seconds),
        target: { atMost: 20 },
        beside: `${txs} txs, one after another`,
      },
      { what: 'CPU of the distributor', unit: 's', ...medianAndLargest(cpu) },
      { what: 'CPU of PostgreSQL', unit: 's', ...medianAndLargest(databaseCpu) },
      {
        what: 'largest memory of the distributor',
        unit: 'MB',
        value: (await app.peakMemoryBytes()) / BYTES_PER_MB,
      },
    ],
  };
}

async function measureGas(
  { owner }: Setting,
  payer: Payer,
  { batches }: Sizes,
  context: BenchmarkContext,
): Promise<Section> {
  const measurements: Measurement[] = [];
  for (const size of batches) {
    context.progress(`settlement: gas of ${size} payouts in a tx`);
    const payees = await addPayees(owner, size);
    const first = await payer.pay(payees);
    const again = await payer.pay(payees);
    measurements.push(
      gasOf(`new holders, ${size} in a tx`, first.txs, 66_000),
      gasOf(`existing holders, ${size} in a tx`, again.txs, 48_000),
    );
  }
  return {
    title: 'gas of a payout',
    about:
      'gasUsed of the tx over its payouts, each with its own authorization, which the token accepts once (EIP-3009 through ' +
      'Multicall3, each allowed to fail alone). The local token has the blacklist and the pause of USDC but no proxy; of the ' +
      'chain’s own share for calldata (Arbitrum) there is none here.',
    measurements,
  };
}

function gasOf(what: string, txs: readonly PayoutTx[], atMost: number): Measurement {
  const gas = txs.reduce((sum, tx) => sum + tx.gas, 0);
  const payouts = txs.reduce((sum, tx) => sum + tx.payouts, 0);
  return { what, unit: 'count', value: gas / payouts, target: { atMost }, beside: `${txs.length} tx` };
}
