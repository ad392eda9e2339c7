import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { SimulatedContainer } from './simulated-container.js';
import { SimulatedEvents } from './simulated-events.js';
import { answer, sendJson, type SimulatedState } from './simulated-routes.js';

export interface SimulatedService {
  name: string;
  image?: string;
  /** With a health check, and what it says at first. */
  health?: string;
  labels?: Record<string, string>;
}

export interface SimulatedEngineOptions {
  /** Absent: in a new temporary directory. */
  socketPath?: string;
  services: SimulatedService[];
}

/** A Docker Engine that runs nothing: it answers, remembers and tells as a real one does, on a Unix socket. */
export class SimulatedEngine {
  readonly events = new SimulatedEvents();
  private readonly state: SimulatedState;
  private readonly sockets = new Set<Socket>();
  private readonly hung = new Map<RegExp, Set<() => void>>();
  private server: Server | undefined;
  private requested: string[] = [];

  private constructor(
    readonly socketPath: string,
    private readonly temporaryDirectory: string | null,
  ) {
    const containers: SimulatedContainer[] = [];
    this.state = {
      id: randomUUID(),
      events: this.events,
      containers,
      create: (name, image) => this.create({ name, image }),
      remove: (container) => {
        containers.splice(containers.indexOf(container), 1);
        container.destroyed();
      },
    };
  }

  static async start({ socketPath, services }: SimulatedEngineOptions): Promise<SimulatedEngine> {
    const directory = socketPath === undefined ? await mkdtemp(join(tmpdir(), 'simulated-engine-')) : null;
    const engine = new SimulatedEngine(socketPath ?? join(directory ?? '', 'docker.sock'), directory);
    for (const service of services) engine.createService(service);
    await engine.comeBack();
    return engine;
  }

  get dockerHost(): string {
    return `unix://${this.socketPath}`;
  }

  /** The id that it tells at /info. */
  get id(): string {
    return this.state.id;
  }

  /** Method and path of every request so far. */
  get requests(): readonly string[] {
    return this.requested;
  }

  private create({ name, image = 'simulated:latest', health, labels }: SimulatedService): SimulatedContainer {
    const container = new SimulatedContainer(this.events, name, image, labels);
    this.state.containers.push(container);
    if (health !== undefined) container.health = health;
    return container;
  }

  /** Creates and starts a container. */
  createService(service: SimulatedService): SimulatedContainer {
    const container = this.create(service);
    container.start();
    if (service.health !== undefined) container.health = service.health;
    return container;
  }

  service(name: string): SimulatedContainer {
    const container = this.state.containers.find((candidate) => candidate.name === name);
    if (!container) throw new Error(`There is no simulated container ${name}`);
    return container;
  }

  stopService(name: string): void {
    this.service(name).stop();
  }

  startService(name: string): void {
    this.service(name).start();
  }

  restartService(name: string): void {
    this.service(name).restart();
  }

  killService(name: string, signal?: string): void {
    this.service(name).kill(signal);
  }

  pauseService(name: string): void {
    this.service(name).pause();
  }

  unpauseService(name: string): void {
    this.service(name).unpause();
  }

  renameService(name: string, to: string): void {
    this.service(name).rename(to);
  }

  setHealth(name: string, health: string): void {
    this.service(name).setHealth(health);
  }

  removeService(name: string): void {
    this.state.remove(this.service(name));
  }

  /** Requests whose path matches are not answered until the returned function is called. */
  hang(path: RegExp): () => void {
    const waiting = new Set<() => void>();
    this.hung.set(path, waiting);
    return () => {
      this.hung.delete(path);
      for (const release of waiting) release();
    };
  }

  closeStreams(): void {
    this.events.closeStreams();
  }

  /** The Engine is gone: the socket refuses. */
  async goAway(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }

  /** @param forgetful the Engine was started anew and remembers no event */
  async comeBack({ forgetful = false } = {}): Promise<void> {
    if (this.server) return;
    if (forgetful) this.events.forget();
    await rm(this.socketPath, { force: true });
    const server = createServer((request, response) => {
      this.receive(request, response);
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.listen(this.socketPath);
    await once(server, 'listening');
    this.server = server;
  }

  /** Ends everything and removes the socket. */
  async stop(): Promise<void> {
    await this.goAway();
    await rm(this.socketPath, { force: true });
    if (this.temporaryDirectory) await rm(dirname(this.socketPath), { recursive: true, force: true });
  }

  private receive(request: IncomingMessage, response: ServerResponse) {
    const path = request.url ?? '/';
    this.requested.push(`${request.method ?? 'GET'} ${path}`);
    // A stack runs for days.
    if (this.requested.length > 1_000) this.requested = this.requested.slice(-500);
    const proceed = () => {
      answer(this.state, request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendJson(response, 400, { message: String(error) });
      });
    };
    const hang = [...this.hung].find(([pattern]) => pattern.test(path));
    if (hang) hang[1].add(proceed);
    else proceed();
  }
}

/** A simulated Docker Engine on a Unix socket, for tests and for machines without Docker. */
export const startSimulatedEngine = (options: SimulatedEngineOptions): Promise<SimulatedEngine> =>
  SimulatedEngine.start(options);
