import { spawn } from 'node:child_process';
import { z } from 'zod';

import { loadEnvironmentOrExit } from '#platform';

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface CommandOptions {
  environment?: Record<string, string>;
  folder?: string;
  /** After this the command is killed and counts as failed. */
  timeoutMs?: number;
}

/** Runs a program to its end; a program that does not exist is code 127, as in a shell. */
export function runCommand(
  program: string,
  args: readonly string[],
  { environment = {}, folder, timeoutMs = 60_000 }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(folder === undefined ? {} : { cwd: folder }),
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ code: 127, stdout, stderr: error.message });
      else reject(error);
    });
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

const inherited = z
  .object({ PATH: z.string(), HOME: z.string().optional(), DOCKER_HOST: z.string().optional() })
  .transform(({ PATH, HOME, DOCKER_HOST }): Record<string, string> => ({
    PATH,
    ...(HOME !== undefined && { HOME }),
    ...(DOCKER_HOST !== undefined && { DOCKER_HOST }),
  }));

/** What a program needs of this machine, and nothing that somebody set for another purpose. */
export const plainEnvironment = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...loadEnvironmentOrExit('program', inherited),
  ...more,
});

/** @throws with what the program printed, when it failed */
export async function runOrThrow(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runCommand(program, args, options);
  if (code !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}:\n${stdout}${stderr}`);
  return stdout;
}
