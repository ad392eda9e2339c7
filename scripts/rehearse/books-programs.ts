import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { plainEnvironment, runCommand } from './engine/run-command.js';

const programLimitMs = 120_000;
const verificationSchema = z.object({
  ok: z.boolean(),
  head: z.string().nullable(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), summary: z.string() })),
});
const backupSchema = z.object({ bytes: z.number(), rows: z.number(), books: z.unknown() });
const restoreSchema = z.object({ books: z.unknown(), newer_migrations: z.array(z.string()) });

/** The programs that people run on books, each with what it prints under `--json`. @throws when one says that it failed */
export class BooksPrograms {
  /** @param folder of the built scripts, `dist/scripts` */
  constructor(private readonly folder: URL) {}

  verify = (database: string) => this.run('verify-ledger', ['--database', database], verificationSchema);

  backUp = (database: string, file: string) =>
    this.run('back-up-books', ['--database', database, '--to', file], backupSchema);

  restore = (file: string, database: string) =>
    this.run('restore-books', ['--from', file, '--database', database], restoreSchema);

  private async run<S extends z.ZodType>(
    program: string,
    args: readonly string[],
    schema: S,
  ): Promise<z.output<S>> {
    const path = fileURLToPath(new URL(`${program}.js`, this.folder));
    const { code, stdout, stderr } = await runCommand(process.execPath, [path, ...args, '--json'], {
      environment: plainEnvironment(),
      timeoutMs: programLimitMs,
    });
    if (code !== 0)
      throw new Error(`${program} ended with ${String(code)}: ${stdout.trim()}${stderr.trim()}`);
    return schema.parse(JSON.parse(stdout));
  }
}
