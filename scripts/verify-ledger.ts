import { onReadOnlyBooks, type Verification, verifyBooks } from '#payments';

import { withEmbeddedBooks } from './books/embedded-books.js';
import { reasonOf, runBooksScript } from './books/run-books-script.js';
import { describeCheck, describeVerification, verificationJson } from './books/describe-verification.js';
import { parseFlags } from './console/flags.js';
import { terminal } from './console/terminal.js';
import { booksDatabaseFlags, requireBooksDatabase } from './surroundings/books-database.js';
import { UsageError } from './surroundings/surroundings.js';

const help = `npm run ledger:verify [-- options]

Recomputes the books from nothing but their rows: the chain of seals and every row in it, the content of each journal entry,
balances, assessments from their evidence, accruals and payouts. A tick or a cross for each, and the name of each row that
was tampered with. Reads one snapshot and writes nothing: a login that may select is enough.
Exit code 1 on any cross, 2 when the books cannot be read.

  --head HASH            the head of the chain that you noted (log line "books sealed", or this program's last line):
                         proves that the books were not rewritten since
  --database URL         the database of the books             DATABASE_URL, DATABASE_URL_FILE
                         (default: that of the running local stack)
  --data-dir DIR         the embedded database of a stopped distributor (its DATA_DIR) or local stack (.local)
  --stack FILE           default .local/stack.json             STACK_FILE
  --json                 one JSON object instead of text
  --help                 this text`;

/** As a shell says that a program was interrupted. */
const INTERRUPTED = 130;

await runBooksScript('ledger:verify', async (signal) => {
  const flags = parseFlags(process.argv.slice(2), {
    ...booksDatabaseFlags,
    head: { type: 'string' },
    'data-dir': { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  const notedHead = flags.head?.toLowerCase();
  if (notedHead !== undefined && !/^[0-9a-f]{64}$/.test(notedHead)) {
    throw new UsageError(`--head must be the 64 hexadecimal digits of a seal's hash; it is "${notedHead}".`);
  }
  const verify = (url: string): Promise<Verification> =>
    onReadOnlyBooks(url, (sql) =>
      verifyBooks(sql, {
        notedHead,
        signal,
        onProgress: (text) => {
          terminal.progress(`  ${text}`);
        },
        onResult: (result) => {
          terminal.settle();
          if (!flags.json) terminal.line(describeCheck(result, terminal));
        },
      }),
    );
  const dataDir = flags['data-dir'];
  let verification: Verification;
  try {
    verification =
      dataDir === undefined
        ? await verify(await requireBooksDatabase('ledger:verify', flags))
        : await withEmbeddedBooks(dataDir, verify);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    terminal.settle();
    terminal.complain(
      signal.aborted ? 'ledger:verify: interrupted' : `The books cannot be read: ${reasonOf(error)}`,
    );
    return signal.aborted ? INTERRUPTED : 2;
  }
  terminal.line(flags.json ? verificationJson(verification) : describeVerification(verification));
  return verification.ok ? 0 : 1;
});
