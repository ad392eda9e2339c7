import type { IncomingMessage, ServerResponse } from 'node:http';

import { z } from 'zod';

import type { EngineRecording } from './recordings/index.js';
import type { SimulatedContainer } from './simulated-container.js';
import type { SimulatedEvents } from './simulated-events.js';

/** What the routes act upon. */
export interface SimulatedState {
  id: string;
  recording: EngineRecording;
  events: SimulatedEvents;
  containers: SimulatedContainer[];
  create(name: string, image: string): SimulatedContainer;
  remove(container: SimulatedContainer): void;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const objectSchema = z.record(z.string(), z.unknown());
const recorded = (text: string) => objectSchema.parse(JSON.parse(text));

function notFound({ recording }: SimulatedState, response: ServerResponse, name: string): void {
  sendJson(response, 404, recorded(recording.missing.replace('nobody', () => name)));
}

/** As the Engine looks a container up: by id, by exact name, by the beginning of an id. */
function find({ containers }: SimulatedState, reference: string): SimulatedContainer | undefined {
  return (
    containers.find(({ id }) => id === reference) ??
    containers.find(({ name }) => name === reference.replace(/^\//, '')) ??
    containers.find(({ id }) => reference.length > 0 && id.startsWith(reference))
  );
}

/** `sec` or `sec.nnnnnnnnn`. */
function parseTime(text: string | null): bigint | null {
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text ?? '');
  if (!match) return null;
  return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

function parseFilters(text: string | null): Record<string, string[]> {
  const json: unknown = JSON.parse(text ?? '{}');
  if (typeof json !== 'object' || json === null) return {};
  return Object.fromEntries(
    Object.entries(json).map(([key, value]: [string, unknown]) => [
      key,
      Array.isArray(value) ? value.map(String) : Object.keys(value ?? {}),
    ]),
  );
}

function list(state: SimulatedState, query: URLSearchParams): unknown[] {
  const all = ['1', 'true'].includes(query.get('all') ?? '');
  const { name, status, label } = parseFilters(query.get('filters'));
  return state.containers
    .filter((container) => all || container.isRunning)
    .filter((container) => !name || name.some((pattern) => new RegExp(pattern).test(container.name)))
    .filter((container) => !status || status.includes(container.status))
    .filter(({ labels }) => !label || label.every((wanted) => hasLabel(labels, wanted)))
    .map((container) => container.listing());
}

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const [key = '', ...value] = wanted.split('=');
  return value.length === 0 ? key in labels : labels[key] === value.join('=');
}

/** 204 when something was done, 304 when there was nothing to do, 409 when it cannot be done. */
function act(container: SimulatedContainer, action: string, query: URLSearchParams): number | undefined {
  const { isRunning, status } = container;
  switch (action) {
    case 'start':
      if (isRunning) return 304;
      container.start();
      return 204;
    case 'stop':
      if (!isRunning) return 304;
      container.stop();
      return 204;
    case 'restart':
      container.restart();
      return 204;
    case 'kill':
      if (!isRunning) return 409;
      container.kill(query.get('signal') ?? 'SIGKILL');
      return 204;
    case 'pause':
      if (status !== 'running') return 409;
      container.pause();
      return 204;
    case 'unpause':
      if (status !== 'paused') return 409;
      container.unpause();
      return 204;
    case 'rename':
      container.rename((query.get('name') ?? '').replace(/^\//, ''));
      return 204;
    default:
      return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(String(chunk)));
  return Buffer.concat(chunks).toString();
}

async function createContainer(
  state: SimulatedState,
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
) {
  const body: unknown = JSON.parse((await readBody(request)) || '{}');
  const image =
    typeof body === 'object' && body !== null && 'Image' in body ? String(body.Image) : 'simulated:latest';
  if (find(state, name)) {
    sendJson(response, 409, { message: `Conflict. The container name "/${name}" is already in use` });
    return;
  }
  sendJson(response, 201, { Id: state.create(name, image).id, Warnings: [] });
}

function aboutContainer(
  state: SimulatedState,
  method: string,
  reference: string,
  action: string | undefined,
  query: URLSearchParams,
  response: ServerResponse,
) {
  const container = find(state, reference);
  if (!container) {
    notFound(state, response, reference);
  } else if (method === 'GET' && action === 'json') {
    sendJson(response, 200, container.inspection());
  } else if (method === 'DELETE' && action === undefined) {
    if (container.isRunning && !['1', 'true'].includes(query.get('force') ?? '')) {
      sendJson(response, 409, { message: 'You cannot remove a running container. Stop it or force it' });
      return;
    }
    state.remove(container);
    sendJson(response, 204, undefined);
  } else if (method === 'POST' && action !== undefined) {
    const status = act(container, action, query);
    if (status === 204 || status === 304) sendJson(response, status, undefined);
    else if (status === 409)
      sendJson(response, 409, { message: `Container ${reference} is ${container.status}` });
    else sendJson(response, 404, { message: 'page not found' });
  } else sendJson(response, 404, { message: 'page not found' });
}

/** The parts of the Docker Engine API that this project uses. */
export async function answer(
  state: SimulatedState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  const path = url.pathname.replace(/^\/v1\.\d+/, '');
  const query = url.searchParams;
  const method = request.method ?? 'GET';
  for (const [name, value] of Object.entries(state.recording.headers)) response.setHeader(name, value);
  if (path === '/_ping') {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(method === 'HEAD' ? undefined : 'OK');
  } else if (path === '/version') {
    sendJson(response, 200, { ...recorded(state.recording.version), Version: 'simulated' });
  } else if (path === '/info') {
    sendJson(response, 200, { ...recorded(state.recording.info), ID: state.id, Name: 'simulated' });
  } else if (path === '/events') {
    const filters = parseFilters(query.get('filters'));
    state.events.subscribe(response, parseTime(query.get('since')), parseTime(query.get('until')), filters);
  } else if (path === '/containers/json') {
    sendJson(response, 200, list(state, query));
  } else if (path === '/containers/create' && method === 'POST') {
    await createContainer(state, request, response, query.get('name') ?? '');
  } else {
    const match = /^\/containers\/([^/]+)(?:\/([a-z]+))?$/.exec(path);
    if (match?.[1] === undefined) sendJson(response, 404, { message: 'page not found' });
    else aboutContainer(state, method, decodeURIComponent(match[1]), match[2], query, response);
  }
}
