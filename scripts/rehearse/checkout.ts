import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { UsageError } from '../surroundings/surroundings.js';
import { plainEnvironment, runCommand, runOrThrow } from './engine/run-command.js';

const migrations = 'libs/payments/src/migrations';
const run = (program: string, args: readonly string[]) =>
  runOrThrow(program, args, { environment: plainEnvironment() });
const git = async (...args: string[]) => (await run('git', args)).trim();
const names = (list: string) => list.split('\0').filter((name) => name !== '');
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The commit that a ref names. @throws UsageError */
export async function commitOf(ref: string): Promise<string> {
  const found = await runCommand('git', ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`], {
    environment: plainEnvironment(),
  });
  if (found.code !== 0) throw new UsageError(`There is no commit "${ref}" in this clone.`);
  return found.stdout.trim();
}

/** The newest tag before the working tree's commit; undefined without any. */
export async function newestTag(): Promise<string | undefined> {
  const described = await runCommand('git', ['describe', '--tags', '--abbrev=0'], {
    environment: plainEnvironment(),
  });
  return described.code === 0 ? described.stdout.trim() : undefined;
}

/**
 * How many migrations the working tree has beyond those of a commit.
 * @throws UsageError when it lacks one of them or has another text of it: the commit was never meant to be upgraded
 */
export async function migrationsSince(commit: string): Promise<number> {
  const sql = (paths: string) => names(paths).filter((path) => path.endsWith('.sql'));
  const old = sql(await git('ls-tree', '-z', '-r', '--name-only', commit, `${migrations}/`));
  const now = sql(
    await git('ls-files', '-z', '--cached', '--others', '--exclude-standard', `${migrations}/`),
  );
  for (const path of old) {
    if (
      !(await exists(path)) ||
      (await git('rev-parse', `${commit}:${path}`)) !== (await git('hash-object', path))
    ) {
      throw new UsageError(
        `${commit.slice(0, 7)} cannot be upgraded: its ${path} is another one than today's.`,
      );
    }
  }
  return now.length - old.length;
}

/** A folder that holds first the one and then the other version, as a payer's clone does over `git pull`. */
export class Checkout {
  private files = new Set<string>();

  private constructor(readonly folder: string) {}

  static async open(): Promise<Checkout> {
    return new Checkout(await mkdtemp(join(tmpdir(), 'rehearsal-checkout-')));
  }

  async putCommit(commit: string): Promise<void> {
    const archive = `${this.folder}.tar`;
    await run('git', ['archive', '--format=tar', `--output=${archive}`, commit]);
    await this.put(archive, names(await git('ls-tree', '-z', '-r', '--name-only', commit)));
  }

  /** With what is not committed yet. */
  async putWorkingTree(): Promise<void> {
    const listed = names(await git('ls-files', '-z', '--cached', '--others', '--exclude-standard'));
    const present: string[] = [];
    for (const path of new Set(listed)) if (await exists(path)) present.push(path);
    const [list, archive] = [`${this.folder}.list`, `${this.folder}.tar`];
    await writeFile(list, present.join('\0'));
    await run('tar', ['--create', `--file=${archive}`, '--null', `--files-from=${list}`]);
    await rm(list);
    await this.put(archive, present);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async put(archive: string, files: readonly string[]): Promise<void> {
    await run('tar', ['--extract', `--file=${archive}`, `--directory=${this.folder}`, '--no-same-owner']);
    await rm(archive);
    const now = new Set(files);
    for (const path of this.files) if (!now.has(path)) await rm(join(this.folder, path), { force: true });
    this.files = now;
  }
}
