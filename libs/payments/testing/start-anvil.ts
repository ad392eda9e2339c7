import { type ChildProcess, spawn } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

import { delay, Loop } from '#platform';

import { RpcEndpoint } from '../src/chain/rpc-endpoint.js';
import { findAnvil } from './anvil-binary.js';
import { ChainStateFile } from './chain-state-file.js';
import { endLeftOverProcess, forgetProcess, rememberProcess } from './left-over-process.js';

export interface AnvilOptions {
  /** 0 or absent: a free port. */
  port?: number;
  /** Where the chain is kept between runs; absent: nowhere. */
  statePath?: string;
  /** Blocks come at this interval as well as with each tx; absent: only with a tx. */
  blockTimeSeconds?: number;
  chainId?: number;
  /** Receives each line that the node prints. */
  log?: (line: string) => void;
}

export interface Anvil {
  rpcUrl: string;
  pid: number;
  /** Resolves when the node is gone, asked to or not. */
  exited: Promise<void>;
  /** Keeps the chain, where it is kept, and ends the node. */
  stop(): Promise<void>;
}

const startLimitMs = 30_000;
const stopLimitMs = 10_000;

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Enough past states for calls at a final block, none of them on disk; an epoch of one slot makes latest − 2 final. */
const history = ['--prune-history', '128', '--slots-in-an-epoch', '1'];

async function argumentsFor(options: AnvilOptions): Promise<string[]> {
  const { port = 0, chainId = 31_337, statePath, blockTimeSeconds } = options;
  return [
    ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId), ...history],
    ...(blockTimeSeconds === undefined ? [] : ['--mixed-mining', '--block-time', String(blockTimeSeconds)]),
    ...(statePath !== undefined && (await exists(statePath)) ? ['--load-state', resolve(statePath)] : []),
  ];
}

/** Resolves with the address that the node says it listens on. */
async function untilListening(child: ChildProcess, log: (line: string) => void): Promise<string> {
  const lines: string[] = [];
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('anvil was started without its output');
  return new Promise((found, failed) => {
    const read = (line: string) => {
      log(line);
      if (lines.length < 200) lines.push(line);
      const address = /Listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address !== undefined) found(`http://${address}`);
    };
    createInterface({ input: stdout }).on('line', read);
    createInterface({ input: stderr }).on('line', read);
    child.once('error', failed);
    child.once('exit', (code) => {
      const said = lines.slice(-5).join(' ').trim();
      failed(new Error(`The local chain ended at its start (code ${code}): ${said || 'it said nothing'}`));
    });
  });
}

async function endProcess(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const limit = new AbortController();
  const outcome = await Promise.race([exited.then(() => 'gone'), delay(stopLimitMs, limit.signal)]);
  limit.abort();
  if (outcome === 'gone') return;
  child.kill('SIGKILL');
  await exited;
}

/**
 * Starts a real EVM node with blocks of its own. It runs in its own process group, because a Ctrl-C in the terminal
 * would otherwise end it before those who still use it.
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const { statePath, log = () => undefined } = options;
  const pidFile = statePath === undefined ? undefined : `${resolve(statePath)}.pid`;
  if (pidFile !== undefined) {
    await mkdir(dirname(pidFile), { recursive: true });
    await endLeftOverProcess(pidFile, findAnvil());
  }
  const child = spawn(findAnvil(), await argumentsFor(options), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((done) =>
    child.once('exit', () => {
      done();
    }),
  );
  const limit = new AbortController();
  let saving: Loop | undefined;
  let state: ChainStateFile | undefined;
  try {
    const rpcUrl = await Promise.race([
      untilListening(child, log),
      delay(startLimitMs, limit.signal).then(() => {
        throw new Error('The local chain did not listen within 30 s');
      }),
    ]);
    const rpc = new RpcEndpoint(rpcUrl);
    await rpc.call('eth_chainId', [], z.string());
    if (statePath !== undefined) {
      state = new ChainStateFile(rpc, statePath);
      const file = state;
      saving = new Loop({ name: 'local-chain-state', everyMs: 500, run: () => file.saveIfChanged() });
      saving.start();
      const loop = saving;
      void exited.then(() => loop.stop());
    }
    if (pidFile !== undefined && child.pid !== undefined) await rememberProcess(pidFile, child.pid);
    return {
      rpcUrl,
      pid: child.pid ?? 0,
      exited,
      async stop() {
        await saving?.stop();
        // Without its last empty blocks the chain is whole too; a node that is gone cannot be asked any more.
        await state?.save().catch(() => undefined);
        await endProcess(child, exited);
        if (pidFile !== undefined) await forgetProcess(pidFile);
      },
    };
  } catch (error) {
    await endProcess(child, exited);
    throw error;
  } finally {
    limit.abort();
  }
}
