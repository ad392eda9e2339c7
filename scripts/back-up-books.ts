import { writeBackup } from '#payments';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describeBooks } from './books/describe-books.js';
import { withEmbeddedBooks } from './books/embedded-books.js';
import { progressLine } from './books/progress-line.js';
import { runBooksScript } from './books/run-books-script.js';
import { parseFlags } from './console/flags.js';
import { terminal } from './console/terminal.js';
import { booksDatabaseFlags, requireBooksDatabase } from './surroundings/books-database.js';
import { UsageError } from './surroundings/surroundings.js';

const help = `npm run books:backup -- --to FILE [options]

Writes the books, as they are at one moment, into one new file: compressed, with a checksum, readable with zcat. The
distributor may go on meanwhile. Exit code 1 when there is no backup, or when balances in it do not agree with the transfers.

  --to FILE              where to; into a folder: books-<time>.sql.gz. Nothing is overwritten
  --database URL         the database of the books             DATABASE_URL, DATABASE_URL_FILE
                         (default: that of the running local stack)
  --data-dir DIR         the embedded database of a stopped distributor (its DATA_DIR) or local stack (.local)
  --stack FILE           default .local/stack.json             STACK_FILE
  --json                 one JSON object instead of text
  --help                 this text`;

const fileFor = async (to: string): Promise<string> => {
  const isFolder = await stat(to).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const time = new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
  return isFolder ? join(to, `books-${time}.sql.gz`) : to;
};

await runBooksScript('books:backup', async (signal) => {
  const flags = parseFlags(process.argv.slice(2), {
    ...booksDatabaseFlags,
    to: { type: 'string' },
    'data-dir': { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  if (flags.to === undefined) throw new UsageError('Say where to: --to FILE.');
  const path = await fileFor(flags.to);
  const write = (url: string) => writeBackup(url, path, { signal, onProgress: progressLine(terminal) });
  const dataDir = flags['data-dir'];
  const backup =
    dataDir === undefined
      ? await write(await requireBooksDatabase('books:backup', flags))
      : await withEmbeddedBooks(dataDir, (url) => write(url));
  terminal.settle();

  const { books, tables, taken_at } = backup.header;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  if (flags.json) {
    terminal.line(
      JSON.stringify({ path, bytes: backup.sizeBytes, sha256: backup.sha256, taken_at, rows, books }),
    );
  } else {
    terminal.line(`${terminal.style('green', '✔')} The books of ${taken_at} are in ${path}`);
    terminal.line(describeBooks(books, terminal));
    const megabytes = (backup.sizeBytes / 1e6).toFixed(2);
    terminal.line(
      `  file           ${megabytes} MB, ${rows} rows of ${tables.length} tables, sha256 ${backup.sha256}`,
    );
  }
  return books.accounts_out_of_balance.length === 0 ? 0 : 1;
});
