import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createListener, type Server, type Socket } from 'node:net';

import {
  defaultServices,
  ReportSigner,
  servicesHash,
  type ServiceUptime,
  signedReportToWire,
  zeroBytes32,
} from '#monitoring';
import { hex32Schema, isoTimeSchema } from '#platform';
import { z } from 'zod';

import { answerWith, ownCpuTime, settingsOf } from '../run/answering.js';
import { farmMessage, farmSettings } from './farm-protocol.js';

/** A worker: an origin and a key of its own, and seven services in containers of its own. */
interface FarmWorker {
  signer: ReportSigner;
  containerIds: Map<string, string>;
  /** What it says of its services, and the hash of that: as a worker's, prepared once. */
  prepared: { windowMs: bigint; services: ServiceUptime[]; hashOfServices: Uint8Array } | undefined;
  engineId: string;
  listener: Server;
  sockets: Set<Socket>;
  isSilent: boolean;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const querySchema = z.object({ from: isoTimeSchema, to: isoTimeSchema, challenge: hex32Schema });

const { first, count } = settingsOf(farmSettings);
const workerOf = new WeakMap<Socket, FarmWorker>();
const workers: FarmWorker[] = [];
/** By how much the database's clock is behind this machine's. */
let clockBehindMs = 0;

// Longer than two periods: what is measured is the distributor, not how often it has to connect.
const http = createServer({ keepAliveTimeout: 300_000, requestTimeout: 0 }, answer);

function answer(request: IncomingMessage, response: ServerResponse): void {
  const worker = workerOf.get(request.socket);
  if (!worker || worker.isSilent) return;
  const query = Object.fromEntries(new URL(request.url ?? '/', 'http://worker').searchParams);
  const asked = querySchema.safeParse(query);
  if (!asked.success) {
    // Ten thousand ports of this machine are ours now: others may try one of them by chance.
    response.writeHead(400).end();
    return;
  }
  const { from, to, challenge } = asked.data;
  const windowMs = BigInt(to - from);
  const { services, hashOfServices } = prepare(worker, windowMs);
  const signed = worker.signer.sign(
    {
      capability: 'agent-net',
      engineId: worker.engineId,
      fromMs: BigInt(from),
      toMs: BigInt(to),
      services,
      allUpMs: windowMs,
      challenge,
      issuedAtMs: BigInt(Date.now() - clockBehindMs),
      previousMinuteHash: zeroBytes32,
      minuteHash: zeroBytes32,
    },
    hashOfServices,
  );
  const body = JSON.stringify(signedReportToWire(signed));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function prepare(worker: FarmWorker, windowMs: bigint) {
  if (worker.prepared?.windowMs === windowMs) return worker.prepared;
  const services = defaultServices.map((name) => ({
    name,
    containerIds: [worker.containerIds.get(name) ?? ''],
    upMs: windowMs,
    inferredUpMs: 0n,
    downMs: 0n,
    startingMs: 0n,
    unknownMs: 0n,
  }));
  worker.prepared = { windowMs, services, hashOfServices: servicesHash(services) };
  return worker.prepared;
}

async function startWorker(index: number): Promise<{ url: string; address: string }> {
  const listener = createListener((socket) => {
    workerOf.set(socket, worker);
    worker.sockets.add(socket);
    socket.once('close', () => worker.sockets.delete(socket));
    http.emit('connection', socket);
  });
  const worker: FarmWorker = {
    signer: ReportSigner.fromPrivateKey(`0x${digest(`key of the benchmark's worker ${index}`)}`),
    containerIds: new Map(defaultServices.map((name) => [name, digest(`${name} of ${index}`)])),
    prepared: undefined,
    engineId: digest(`engine of ${index}`).slice(0, 36),
    listener,
    sockets: new Set(),
    isSilent: false,
  };
  workers.push(worker);
  await new Promise<void>((listening, fail) => {
    listener.once('error', fail).listen(0, '127.0.0.1', listening);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('a worker does not listen');
  return { url: `http://127.0.0.1:${address.port}`, address: worker.signer.address };
}

/** The first half of the dead refuses the connection, the other half takes it and never answers. */
function kill(dead: number): void {
  const dying = workers.slice(0, dead);
  for (const worker of dying.slice(Math.ceil(dead / 2))) worker.isSilent = true;
  for (const worker of dying.slice(0, Math.ceil(dead / 2))) {
    worker.listener.close();
    for (const socket of worker.sockets) socket.destroy();
  }
}

answerWith(farmMessage, async (message) => {
  switch (message.kind) {
    case 'start': {
      const started = [];
      for (let index = first; index < first + count; index += 1) started.push(await startWorker(index));
      return started;
    }
    case 'clock':
      clockBehindMs = message.behindMs;
      return { cpu: ownCpuTime() };
    case 'kill':
      kill(message.dead);
      return { cpu: ownCpuTime() };
    case 'cpu':
      return { cpu: ownCpuTime() };
  }
});
