import 'reflect-metadata';
import { FactLogger, listenOrExit, loadEnvironmentOrExit } from '#platform';
import { createDistributor } from './create-distributor.js';
import { distributorConfigSchema } from './distributor.config.js';
import { BooksOpening } from './schedules/books-opening.js';

const config = loadEnvironmentOrExit('distributor', distributorConfigSchema);
const app = await createDistributor(config);
const port = await listenOrExit(app, { port: config.server.port, variable: 'PORT' });

const log = new FactLogger('distributor');
log.info('distributor listening', {
  port,
  dashboard: `http://localhost:${port}/`,
  docs: `http://localhost:${port}/docs`,
  periodSeconds: config.pay.periodSeconds,
  evidence: config.evidence.source,
  settlement: config.settlement.method,
});
if (config.settlement.incompleteChain) {
  log.warn('settlement stays in the ledger', {
    detail:
      'A payout on a chain needs both PAYER_PRIVATE_KEY (or a keystore) and ETH_RPC_URL; only one was given.',
  });
}

// Books of another period length cannot be kept by this process: going on would only look alive.
void app.get(BooksOpening).refusal.then(async (refusal) => {
  process.stderr.write(`${refusal.message}\n`);
  await app.close();
  process.exit(1);
});
