import { parseFlags, wholeNumber } from './console/flags.js';
import { runScript } from './console/run-script.js';
import { terminal } from './console/terminal.js';
import { BooksPrograms } from './rehearse/books-programs.js';
import { commitOf, migrationsSince, newestTag } from './rehearse/checkout.js';
import { describeUpgrade } from './rehearse/describe-upgrade.js';
import { RehearsalStack } from './rehearse/rehearsal-stack.js';
import { rehearseUpgrade } from './rehearse/upgrade.js';
import { UsageError } from './surroundings/surroundings.js';

const help = `npm run rehearse:upgrade -- --from REF [options]

Rehearses an upgrade on this machine's Docker Engine: builds the images of REF, brings docker-compose.manager.yml up with
several payees and a chain, and, while its REST API is asked and written to, replaces workers and distributor by images of
this working tree as docs/operations.md says. Then backs the books up, restores them into another cluster and lets a
distributor go on there. Proves that every period was judged once, as the services were; that every adjustment was booked
once; that the books verify, and that they reconcile with the chain. Takes what it started away again.
Exit code 1 when anything was lost, 2 for a mistake in the command. Needs git, docker-compose and the Engine.

  --from REF             the old version: a tag or a commit (default: the newest tag)
  --period SECONDS       default 5; must divide 3600
  --payees N             each with a worker and two services of its own, default 3
  --periods N            whole periods before the exchange and after it, default 6
  --stand-ins            makes the images that would be pulled of programs of this machine (busybox, haproxy, node),
                         for where no registry answers
  --help                 this text`;

/** As a shell says that a program was interrupted. */
const INTERRUPTED = 130;

await runScript('rehearse:upgrade', async () => {
  const flags = parseFlags(process.argv.slice(2), {
    from: { type: 'string' },
    period: { type: 'string', default: '5' },
    payees: { type: 'string', default: '3' },
    periods: { type: 'string', default: '6' },
    'stand-ins': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  const periodSeconds = wholeNumber('--period', flags.period, { min: 2, max: 60 });
  if (3_600 % periodSeconds !== 0) throw new UsageError('--period must divide 3600.');
  const payees = wholeNumber('--payees', flags.payees, { min: 2, max: 10 });
  const periodsEachSide = wholeNumber('--periods', flags.periods, { min: 1, max: 1_000 });
  const from = flags.from ?? (await newestTag());
  if (from === undefined) throw new UsageError('Say which version is upgraded: --from REF.');
  const commit = await commitOf(from);
  const newer = await migrationsSince(commit);

  const startedAt = performance.now();
  const say = (text: string) => {
    terminal.line(`${String(Math.round((performance.now() - startedAt) / 1_000)).padStart(5)} s  ${text}`);
  };
  terminal.line(`From ${from} (${commit.slice(0, 7)}) to this working tree, ${newer} migrations further.`);
  const stack = await RehearsalStack.open({ periodSeconds, payees, standIns: flags['stand-ins'] });
  const interrupt = () => {
    terminal.complain('Interrupted: everything is taken away again.');
    void stack.remove().finally(() => process.exit(INTERRUPTED));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    say(`the images of ${from} are built`);
    await stack.checkout.putCommit(commit);
    await stack.build('old');
    say('database, chain, workers and distributor start');
    await stack.start();
    const report = await rehearseUpgrade({
      ...{ stack, periodSeconds, periodsEachSide, say },
      programs: new BooksPrograms(new URL('./', import.meta.url)),
    });
    terminal.line(describeUpgrade(report));
    return report.wrong.length === 0 ? 0 : 1;
  } catch (error) {
    terminal.complain(`✗ ${error instanceof Error ? error.message : String(error)}`);
    for (const service of ['payment-distributor', 'livepeer-worker']) {
      terminal.complain(await stack.lastWords(service));
    }
    return 1;
  } finally {
    say('everything is taken away again');
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await stack.remove();
  }
});
