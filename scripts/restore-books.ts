import { adoptPayments, BackupFile, formatUsd, paymentsMigrations, restoreBooks } from '#payments';

import { describeBooks, describeLack } from './books/describe-books.js';
import { withEmbeddedBooks } from './books/embedded-books.js';
import { progressLine } from './books/progress-line.js';
import { runBooksScript } from './books/run-books-script.js';
import { parseFlags } from './console/flags.js';
import { terminal } from './console/terminal.js';
import { databaseAddress } from './surroundings/books-database.js';
import { UsageError } from './surroundings/surroundings.js';

const help = `npm run books:restore -- --from FILE --database URL

Restores a backup of books:backup into an empty database, whole or not at all. Settlement stays paused until a person has
looked: nothing is paid before. Exit code 1 when nothing was restored, or when balances do not agree with the transfers.

  --from FILE            the backup; its checksum is verified before anything is done
  --database URL         an empty database, as its owner
  --data-dir DIR         instead: the embedded database of a stopped distributor (its DATA_DIR) or local stack (.local),
                         in a folder without books
  --adopt                no restore: enters into restored, paused books the payments that they have lost, as GET
                         /api/v1/reconciliation has read them from the chain. Exit code 1 when some belong to no payout
  --json                 one JSON object instead of text
  --help                 this text`;

await runBooksScript('books:restore', async (signal) => {
  const flags = parseFlags(process.argv.slice(2), {
    from: { type: 'string' },
    database: { type: 'string' },
    'data-dir': { type: 'string' },
    adopt: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  const { from, database, 'data-dir': dataDir } = flags;
  if (flags.adopt) {
    if (from !== undefined) throw new UsageError('--adopt comes after the restore, without --from.');
    return adopt(database, dataDir, flags.json);
  }
  if (from === undefined) throw new UsageError('Say which backup: --from FILE.');
  const inDatabase = target(database, dataDir);
  const backup = await BackupFile.open(from);
  try {
    const restore = (url: string) =>
      restoreBooks(url, backup, {
        migrations: paymentsMigrations,
        signal,
        onProgress: progressLine(terminal),
      });
    const restored = await inDatabase(restore);
    terminal.settle();

    const { books, pauseReason, newerMigrations } = restored;
    const { taken_at } = backup.header;
    if (flags.json) {
      terminal.line(
        JSON.stringify({
          taken_at,
          sha256: backup.sha256,
          pause_reason: pauseReason,
          newer_migrations: newerMigrations,
          books,
        }),
      );
    } else {
      terminal.line(
        `${terminal.style('green', '✔')} Restored from ${from}, taken ${taken_at} (sha256 ${backup.sha256})`,
      );
      terminal.line(describeBooks(books, terminal));
      if (newerMigrations.length > 0) terminal.line(`  brought up to  ${newerMigrations.at(-1) ?? ''}`);
      terminal.line(`  settlement     is paused: ${pauseReason}`);
      terminal.line(`\n${describeLack(books, taken_at)}`);
    }
    return books.accounts_out_of_balance.length === 0 ? 0 : 1;
  } finally {
    await backup.close();
  }
});

/** Never guessed from the environment: that is where the books stand that still run. */
function target(database: string | undefined, dataDir: string | undefined) {
  if ((database === undefined) === (dataDir === undefined)) {
    throw new UsageError('Say where to, once: --database URL, or --data-dir DIR.');
  }
  const url = database === undefined ? undefined : databaseAddress('--database', database);
  return <T>(work: (url: string) => Promise<T>): Promise<T> =>
    url === undefined ? withEmbeddedBooks(dataDir ?? '', work) : work(url);
}

async function adopt(database: string | undefined, dataDir: string | undefined, asJson: boolean) {
  const { adopted, unknown } = await target(database, dataDir)(adoptPayments);
  if (asJson) {
    terminal.line(
      JSON.stringify({
        adopted: adopted.map(({ id, payoutAddress, amountMicroUsd, txHash }) => ({
          ...{ payout_id: id, payout_address: payoutAddress, amount_usd: formatUsd(amountMicroUsd) },
          tx_hash: txHash,
        })),
        unknown: unknown.map(({ nonce, toAddress, amount, txHash }) => ({
          ...{ nonce, to_address: toAddress, amount_usd: formatUsd(amount), tx_hash: txHash },
        })),
      }),
    );
  } else {
    for (const { id, payoutAddress, amountMicroUsd, txHash } of adopted) {
      terminal.line(
        `${terminal.style('green', '✔')} $${formatUsd(amountMicroUsd)} to ${payoutAddress ?? ''} in ${txHash ?? ''}: payout ${id}`,
      );
    }
    for (const { toAddress, amount, txHash } of unknown) {
      terminal.line(
        `${terminal.style('red', '✘')} $${formatUsd(amount)} to ${toAddress} in ${txHash} belongs to no payout of these books`,
      );
    }
    terminal.line(`${adopted.length} payments entered, ${unknown.length} left.`);
  }
  return unknown.length === 0 ? 0 : 1;
}
