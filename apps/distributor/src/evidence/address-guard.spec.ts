import { describe, expect, it } from '@jest/globals';
import type { LookupOptions } from 'node:dns';
import { createServer } from 'node:http';
import { z } from 'zod';
import { AddressGuard, ForbiddenAddressError } from './address-guard.js';
import { WorkerEvidence } from './worker-evidence.js';

const strict = new AddressGuard({ allowLoopback: false });
const local = new AddressGuard({ allowLoopback: true });

const looked = (guard: AddressGuard, host: string, options: LookupOptions = {}) =>
  new Promise((resolve, reject) => {
    guard.lookup(host, options, (error, address) => {
      if (error) reject(error);
      else resolve(address);
    });
  });

describe('the guard of worker addresses', () => {
  it.each([
    ...[
      '169.254.169.254',
      '169.254.0.1',
      '0.0.0.0',
      '100.100.100.200',
      '168.63.129.16',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...[
      'fe80::1',
      'fd00:ec2::254',
      '::',
      'ff02::1',
      '::ffff:169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      '2002:a9fe:a9fe::1',
    ],
  ])('refuses %s, wherever it runs', (address) => {
    expect(strict.isForbidden(address)).toBe(true);
    expect(local.isForbidden(address)).toBe(true);
  });

  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])(
    'lets %s through only where it is told to',
    (address) => {
      expect(strict.isForbidden(address)).toBe(true);
      expect(local.isForbidden(address)).toBe(false);
    },
  );

  it.each(['10.0.0.7', '172.23.0.7', '192.168.1.9', '203.0.113.5', 'fd12:3456::1', '2a01:4f8::1'])(
    'lets %s through: workers stand there',
    (address) => {
      expect(strict.isForbidden(address)).toBe(false);
    },
  );

  it('sees through every way to write an address', async () => {
    for (const host of ['127.1', '0x7f000001', '2130706433', '0177.0.0.1', '[::ffff:7f00:1]', '127.0.0.1.']) {
      await expect(strict.checkUrl(`http://${host}:9876`)).rejects.toThrow(ForbiddenAddressError);
    }
  });

  it('resolves a name before it trusts it, and gives the connection only what it has checked', async () => {
    await expect(strict.checkUrl('http://localhost:9876')).rejects.toThrow(ForbiddenAddressError);
    await expect(looked(strict, 'localhost')).rejects.toThrow(ForbiddenAddressError);
    await expect(looked(local, 'localhost', { family: 4 })).resolves.toBe('127.0.0.1');
    await expect(looked(local, 'localhost', { family: 4, all: true })).resolves.toEqual([
      { address: '127.0.0.1', family: 4 },
    ]);
  });

  it('keeps a name that does not resolve yet', async () => {
    await expect(strict.checkUrl('http://nobody.invalid:9876')).resolves.toBeUndefined();
  });

  it('opens no connection to what is forbidden, by name or by number', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = z.object({ port: z.int() }).parse(server.address());
    const evidence = new WorkerEvidence({ guard: strict });
    try {
      for (const host of ['127.0.0.1', 'localhost']) {
        const outcome = await evidence.fetch({
          orchestrator: { id: 'a', serviceUri: 'https://a:9995', workerUrl: `http://${host}:${port}` },
          fromMs: 0n,
          toMs: 1_000n,
          challenge: `0x${'00'.repeat(32)}`,
          signal: new AbortController().signal,
        });
        expect(outcome).toMatchObject({
          kind: 'failed',
          detail: expect.stringContaining('no address of a worker'),
        });
      }
      expect(asked).toBe(0);
    } finally {
      await evidence.close();
      server.close();
    }
  });
});
