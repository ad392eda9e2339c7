import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Client } from 'pg';

import { readIfExists, writeWhole } from '../files/whole-file.js';
import { endProcess } from '../processes/other-process.js';
import { delay } from '../scheduling/delay.js';
import { findPostgresBinaries, isReachableByAll } from './postgres-binaries.js';

export interface EmbeddedPostgresOptions {
  /** Kept between runs; made when absent. */
  dataDir: string;
  /** 0 or absent: any free port. */
  port?: number;
  /** More settings of the server, by name. */
  settings?: Readonly<Record<string, string>>;
  log?: (line: string) => void;
}

export interface EmbeddedPostgres {
  url: string;
  pid: number;
  /** Where the data really is. */
  dataDir: string;
  stop(): Promise<void>;
}

const initialiseLimitMs = 60_000;
const startLimitMs = 30_000;
const stopLimitMs = 15_000;

interface Identity {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: the owner of existing data, else `nobody`, does. */
async function otherUser(dataDir: string): Promise<Identity | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(join(dataDir, 'PG_VERSION')).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const passwd = await readFile('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    const fields = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(passwd);
    if (fields) return { uid: Number(fields[1]), gid: Number(fields[2]) };
  }
  throw new Error('PostgreSQL cannot run as root, and there is neither a user postgres nor a user nobody.');
}

/** Where the data can live: below the wished folder, or beside the system's temporary files when only root may enter. */
async function dataFolder(wished: string, identity: Identity | undefined): Promise<string> {
  const folder = resolve(wished);
  await mkdir(dirname(folder), { recursive: true });
  if (!identity || (await isReachableByAll(folder))) return folder;
  const persistent = await stat('/var/tmp').then(
    () => '/var/tmp',
    () => tmpdir(),
  );
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(persistent, `${basename(folder)}-${name}`);
}

/** Removes the data of a server that does not run, wherever it lies. */
export async function removeEmbeddedPostgresData(dataDir: string): Promise<void> {
  const folder = await dataFolder(dataDir, await otherUser(dataDir));
  await rm(folder, { recursive: true, force: true });
  await rm(passwordFileOf(folder), { force: true });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', fail).listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port was found');
  return address.port;
}

function outputOf(child: ChildProcess, log: (line: string) => void): () => string {
  let tail = '';
  const take = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4_000);
    for (const line of chunk.toString().split('\n')) if (line.trim() !== '') log(line);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => tail.trim();
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((done) => {
    child.once('error', () => {
      done(null);
    });
    child.once('exit', (code) => {
      done(code);
    });
  });

async function initialise(initdb: string, dataDir: string, password: string, identity?: Identity) {
  const passwordFile = join(dirname(dataDir), `.${basename(dataDir)}-${randomBytes(6).toString('hex')}`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (identity) await chown(passwordFile, identity.uid, identity.gid);
  try {
    const child = spawn(
      initdb,
      [
        `--pgdata=${dataDir}`,
        '--auth=scram-sha-256',
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
      ],
      { ...identity, stdio: ['ignore', 'pipe', 'pipe'], timeout: initialiseLimitMs },
    );
    const output = outputOf(child, () => undefined);
    const code = await exitOf(child);
    if (code !== 0) throw new Error(`PostgreSQL's data folder could not be made: ${output()}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

const passwordFileOf = (dataDir: string) => `${dataDir}.password`;

/** The superuser's password, random, kept beside the data. */
async function loadPassword(file: string): Promise<string> {
  const kept = await readIfExists(file);
  if (kept !== undefined) return kept.trim();
  const password = randomBytes(18).toString('base64url');
  writeWhole(file, password);
  return password;
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const urlOf = (port: number, password: string) =>
  `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;

interface RunningServer {
  pid: number;
  url: string;
}

/**
 * The server that a killed process left behind in this data folder, if it still answers. PostgreSQL writes its pid
 * into the first and its port into the fourth line of `postmaster.pid`.
 */
async function findLeftover(dataDir: string, password: string): Promise<RunningServer | undefined> {
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || !Number.isInteger(port) || pid <= 0 || port <= 0) return undefined;
  const url = urlOf(port, password);
  return (await answers(url)) ? { pid, url } : undefined;
}

/** SIGINT is PostgreSQL's fast shutdown: connections are ended, everything is written. */
const stopServer = (pid: number) => endProcess(pid, stopLimitMs);

/**
 * Starts the PostgreSQL that npm installed, on a loopback port, with durable settings; a server that a killed run left
 * in the same folder is taken over. Its process does not belong to the terminal's group, so that Ctrl-C reaches it
 * only through `stop`.
 * @throws Error when it does not answer within thirty seconds, with what it said
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const identity = await otherUser(options.dataDir);
  const { initdb, postgres } = await findPostgresBinaries({ forOtherUser: identity !== undefined });
  const dataDir = await dataFolder(options.dataDir, identity);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
  if (identity) await chown(dataDir, identity.uid, identity.gid);

  const password = await loadPassword(passwordFileOf(dataDir));
  const leftover = await findLeftover(dataDir, password);
  if (leftover) return { ...leftover, dataDir, stop: () => stopServer(leftover.pid) };
  const isNew = await stat(join(dataDir, 'PG_VERSION')).then(
    () => false,
    () => true,
  );
  if (isNew) await initialise(initdb, dataDir, password, identity);

  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    shared_buffers: '64MB',
    ...options.settings,
  };
  const child = spawn(
    postgres,
    ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...identity, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output = outputOf(child, options.log ?? (() => undefined));
  const exited = exitOf(child);
  const { pid } = child;
  const hasExited = () => pid === undefined || child.exitCode !== null || child.signalCode !== null;

  const url = urlOf(port, password);
  const deadline = Date.now() + startLimitMs;
  while (!(await answers(url))) {
    if (hasExited() || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`PostgreSQL did not start: ${output() || 'no answer within 30 s'}`);
    }
    await delay(50);
  }
  if (pid === undefined) throw new Error('PostgreSQL was not started');
  return {
    url,
    pid,
    dataDir,
    async stop() {
      if (hasExited()) return;
      await stopServer(pid);
      await exited;
    },
  };
}
