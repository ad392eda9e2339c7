import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';

import { createTestDatabase, type TestDatabase } from '#platform/testing';

import { type PostgresProxy, startPostgresProxy } from './postgres-proxy.js';

let database: TestDatabase;
let proxy: PostgresProxy;
const clients: Client[] = [];

async function client(url: string): Promise<Client> {
  const connected = new Client({ connectionString: url });
  connected.on('error', () => undefined);
  await connected.connect();
  clients.push(connected);
  return connected;
}

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startPostgresProxy(() => database.url);
  await (await client(database.url)).query('create table note (text text)');
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.end().catch(() => undefined)));
  await proxy.stop();
  await database.drop();
});

const notes = async (): Promise<unknown[]> => {
  const { rows } = await (await client(database.url)).query<{ text: string }>('select * from note');
  return rows;
};

async function write(text: string): Promise<void> {
  const writer = await client(proxy.url);
  await writer.query('START TRANSACTION');
  await writer.query('insert into note values ($1)', [text]);
  await writer.query('COMMIT');
}

describe('the proxy before PostgreSQL', () => {
  it('knows what each transaction did, with its parameters, and tells when it has committed', async () => {
    const committed: string[][] = [];
    proxy.onCommitted((statements) => committed.push([...statements]));
    await write('hello');
    expect(committed).toEqual([[expect.stringMatching(/^insert into note values[^]*hello/)]]);
    expect(await notes()).toEqual([{ text: 'hello' }]);
  });

  it('cuts before a commit, which is lost with the connection', async () => {
    proxy.decide(() => ({ cut: 'before' }));
    await expect(write('lost')).rejects.toThrow(/terminated|ECONNRESET/);
    expect(await notes()).toEqual([]);
  });

  it('cuts after a commit, which stands although nobody heard of it', async () => {
    let died = false;
    proxy.decide(() => ({ cut: 'after', then: () => (died = true) }));
    await expect(write('kept')).rejects.toThrow(/terminated|ECONNRESET/);
    expect(died).toBe(true);
    expect(await notes()).toEqual([{ text: 'kept' }]);
  });

  it('lets nobody in while it is closed, and then those who waited', async () => {
    proxy.hold();
    const written = write('patient');
    expect(await notes()).toEqual([]);
    proxy.enter();
    await written;
    expect(await notes()).toEqual([{ text: 'patient' }]);
  });
});
