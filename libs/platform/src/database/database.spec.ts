import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource } from 'typeorm';

import { createTestDatabase, type TestDatabase } from '#platform/testing';

import { Database, DatabaseUnavailableError, TransactionLostError } from './database.js';
import { DatabaseModule } from './database.module.js';
import { DatabaseNewerError, migrate, MigrationChangedError } from './migrate.js';

let database: TestDatabase;
let folder: string;
const folderUrl = () => pathToFileURL(`${folder}/`);
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  await writeFile(join(folder, '0001-note.sql'), 'create table note (id int primary key);');
  await writeFile(
    join(folder, '0002-text.sql'),
    'alter table note add column text text; insert into note values (1);',
  );
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function open(url: string, migrations = folderUrl()): Promise<Database> {
  const module = await Test.createTestingModule({
    imports: [DatabaseModule.forRootAsync({ useFactory: () => ({ url, migrations, poolSize: 4 }) })],
  }).compile();
  module.useLogger(false);
  await module.init();
  closers.push(() => module.close());
  return module.get(Database);
}

async function connect(): Promise<DataSource> {
  const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  closers.push(() => dataSource.destroy());
  return dataSource;
}

describe('the database', () => {
  it('applies each migration once although several processes start together', async () => {
    const sources = await Promise.all([connect(), connect(), connect()]);
    const applied = await Promise.all(sources.map((source) => migrate(source, folderUrl())));
    expect(applied.flat().sort()).toEqual(['0001-note.sql', '0002-text.sql']);
    expect(await sources[0].query('select count(*)::int as n from note')).toEqual([{ n: 1 }]);
  });

  it('refuses a migration that was changed after it had been applied, and a database from the future', async () => {
    const source = await connect();
    await migrate(source, folderUrl());
    const changed = await mkdtemp(join(tmpdir(), 'migrations-'));
    closers.push(() => rm(changed, { recursive: true }));
    await writeFile(join(changed, '0001-note.sql'), 'create table note (id bigint primary key);');
    await expect(migrate(source, pathToFileURL(`${changed}/`))).rejects.toThrow(DatabaseNewerError);
    await writeFile(join(changed, '0002-text.sql'), '');
    await expect(migrate(source, pathToFileURL(`${changed}/`))).rejects.toThrow(MigrationChangedError);
  });

  it('names the migration that fails and leaves nothing of it behind', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'migrations-'));
    closers.push(() => rm(broken, { recursive: true }));
    const other = await createTestDatabase();
    closers.push(() => other.drop());
    await writeFile(join(broken, '0001-broken.sql'), 'create table half (id int); select nonsense;');
    const source = await new DataSource({ type: 'postgres', url: other.url }).initialize();
    await expect(migrate(source, pathToFileURL(`${broken}/`))).rejects.toThrow(/0001-broken\.sql/);
    expect(await source.query("select to_regclass('half') as half")).toEqual([{ half: null }]);
    await source.destroy();
  });

  it('commits what a transaction did and rolls back what failed', async () => {
    const { dataSource, transaction } = await ready();
    await transaction((tx) => tx.query('insert into note values (10)'));
    const failing = transaction(async (tx) => {
      await tx.query('insert into note values (11)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await dataSource.query('select id from note where id >= 10')).toEqual([{ id: 10 }]);
  });

  it('does not report success when an error inside the transaction was swallowed', async () => {
    const { transaction } = await ready();
    const swallowing = transaction(async (tx) => {
      await tx.query('select nonsense').catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow(TransactionLostError);
  });

  it('stays alive without a server, says so, and recovers when one appears', async () => {
    const { hostname, port, pathname } = new URL(database.url);
    const relay = await startRelay();
    const relayed = new URL(database.url);
    relayed.port = String(relay.port);
    await relay.close();
    const down = await open(relayed.href);
    await expect(down.ping()).rejects.toThrow(DatabaseUnavailableError);
    await expect(down.transaction(async () => 1)).rejects.toThrow(DatabaseUnavailableError);
    expect([hostname, pathname].every((part) => part !== '')).toBe(true);
    await relay.open(Number(port));
    await down.whenReady();
    await expect(down.ping()).resolves.toBeUndefined();
  });
});

async function ready() {
  const opened = await open(database.url);
  const dataSource = await opened.whenReady();
  return { dataSource, transaction: opened.transaction.bind(opened) };
}

/** A loopback port that can be closed and later opened as a way to the real server. */
async function startRelay() {
  const { connect: dial } = await import('node:net');
  let server: Server | undefined;
  const listenOn = (port: number, target: number) =>
    new Promise<number>((done) => {
      server = createServer((socket) => {
        const upstream = dial(target, '127.0.0.1');
        socket.on('error', () => upstream.destroy());
        upstream.on('error', () => socket.destroy());
        socket.pipe(upstream).pipe(socket);
      }).listen(port, '127.0.0.1', () => {
        const address = server?.address();
        done(typeof address === 'object' && address ? address.port : 0);
      });
    });
  const close = () =>
    new Promise<void>((done) => {
      if (!server?.listening) done();
      else
        server.close(() => {
          done();
        });
    });
  const port = await listenOn(0, 0);
  closers.push(close);
  return { port, close, open: (target: number) => listenOn(port, target) };
}
