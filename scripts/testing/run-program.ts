import { spawn } from 'node:child_process';

export interface ProgramResult {
  code: number | null;
  out: string;
  complaints: string;
}

const programs = {
  send: 'dist/scripts/send-byoc-calls.js',
  continuous: 'dist/scripts/continuous-byoc-test.js',
  verify: 'dist/scripts/verify-complete-flow.js',
  report: 'dist/scripts/verify-report.js',
  backup: 'dist/scripts/back-up-books.js',
  restore: 'dist/scripts/restore-books.js',
  ledger: 'dist/scripts/verify-ledger.js',
} as const;

/** A script as `npm run` starts it, without the environment of the tests. */
export function runProgram(
  name: keyof typeof programs,
  args: readonly string[],
  {
    environment = {},
    interruptAfter,
  }: { environment?: Record<string, string>; interruptAfter?: Promise<void> } = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [programs[name], ...args], {
      env: { PATH: process.env.PATH ?? '', STACK_FILE: '', NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, complaints] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out, complaints });
    });
    void interruptAfter?.then(() => child.kill('SIGINT'));
  });
}
