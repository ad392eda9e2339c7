import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end. @throws Error when it fails or takes longer than ten seconds */
export async function runProgram(program: string, parameters: readonly string[]): Promise<void> {
  await execute(program, [...parameters], { timeout: 10_000 });
}

export async function isProgram(program: string): Promise<boolean> {
  return runProgram(program, ['--version']).then(
    () => true,
    () => false,
  );
}
