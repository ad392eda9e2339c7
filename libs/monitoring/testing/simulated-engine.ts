import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type EngineRecording, recordings } from './recordings/index.js';
import { SimulatedContainer } from './simulated-container.js';
import { SimulatedEvents } from './simulated-events.js';
import { answer, sendJson, type SimulatedState } from './simulated-routes.js';

export interface SimulatedService {
  name: string;
  image?: string;
  /** With a health check, and what it says at first. */
  health?: string;
  labels?: Record<string, string>;
  /** Absent: a random one. */
  id?: string;
}

export interface SimulatedEngineOptions {
  /** Absent: in a new temporary directory. */
  socketPath?: string;
  services: SimulatedService[];
  /** Whose answers and events it repeats; absent: Docker 20.10. */
  recording?: EngineRecording;
  /** Unix milliseconds by the Engine's clock; absent: the machine's. */
  wallMs?: () => number;
}

/** What it does with a request instead of answering it. */
type Misdeed = (request: IncomingMessage, response: ServerResponse) => void;

/** A Docker Engine that runs nothing: it answers, remembers and tells as a real one does, on a Unix socket. */
export class SimulatedEngine {
  readonly events: SimulatedEvents;
  private readonly state: SimulatedState;
  private readonly sockets = new Set<Socket>();
  private readonly hung = new Map<RegExp, Set<() => void>>();
  private misdeeds: { path: RegExp; misdeed: Misdeed; left: number }[] = [];
  private answering = 0;
  /** How many requests there were. */
  asked = 0;
  private server: Server | undefined;
  private requested: string[] = [];

  private constructor(
    readonly socketPath: string,
    private readonly temporaryDirectory: string | null,
    { recording = recordings.docker20_10, wallMs }: SimulatedEngineOptions,
  ) {
    this.events = new SimulatedEvents(recording.eventContentType, wallMs);
    const containers: SimulatedContainer[] = [];
    this.state = {
      id: randomUUID(),
      recording,
      events: this.events,
      containers,
      create: (name, image) => this.create({ name, image }),
      remove: (container) => {
        containers.splice(containers.indexOf(container), 1);
        container.destroyed();
      },
    };
  }

  static async start(options: SimulatedEngineOptions): Promise<SimulatedEngine> {
    const { socketPath, services } = options;
    const directory = socketPath === undefined ? await mkdtemp(join(tmpdir(), 'simulated-engine-')) : null;
    const engine = new SimulatedEngine(
      socketPath ?? join(directory ?? '', 'docker.sock'),
      directory,
      options,
    );
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

  /** Nothing is being answered; what hangs does not count. */
  get isIdle(): boolean {
    return this.answering === 0;
  }

  /** Method and path of every request so far. */
  get requests(): readonly string[] {
    return this.requested;
  }

  private create(service: SimulatedService): SimulatedContainer {
    const { name, image = 'simulated:latest', health, labels, id } = service;
    const container = new SimulatedContainer(this.events, this.state.recording, name, image, labels, id);
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

  /** How many requests are not answered and still waited for. */
  get hanging(): number {
    return [...this.hung.values()].reduce((sum, { size }) => sum + size, 0);
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

  /** The next requests whose path matches get this instead of an answer. */
  insteadOf(path: RegExp, misdeed: Misdeed, times = Infinity): () => void {
    const entry = { path, misdeed, left: times };
    this.misdeeds.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  forgetMisdeeds(): void {
    this.misdeeds = [];
  }

  closeStreams(): void {
    this.events.closeStreams();
  }

  /** Ends in an orderly way. With live-restore containers run on, without they end first, and that is told. */
  async end({ liveRestore }: { liveRestore: boolean }): Promise<void> {
    if (!liveRestore) for (const container of this.state.containers) container.endWithEngine();
    // What was told last is still on its way.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await this.goAway();
  }

  /** The machine was off: what ran has ended at a time that nobody knows, and the Engine's memory is empty. */
  async comeBackFromPowerCut(): Promise<void> {
    for (const container of this.state.containers) container.foundLost();
    await this.comeBack({ forgetful: true });
  }

  /** The path leads to a socket that nobody listens on any more, as a mounted file does after the Engine began anew. */
  async leaveStaleSocket(): Promise<void> {
    const kept = `${this.socketPath}.kept`;
    await rename(this.socketPath, kept);
    await this.goAway();
    await rename(kept, this.socketPath);
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
    this.asked += 1;
    this.requested.push(`${request.method ?? 'GET'} ${path}`);
    // A stack runs for days.
    if (this.requested.length > 1_000) this.requested = this.requested.slice(-500);
    const misdeed = this.misdeeds.find((entry) => entry.left > 0 && entry.path.test(path));
    if (misdeed) {
      misdeed.left -= 1;
      misdeed.misdeed(request, response);
      return;
    }
    const proceed = () => {
      // Whoever asked may have given up meanwhile.
      if (response.closed) return;
      if (!path.includes('/events')) {
        this.answering += 1;
        response.once('close', () => (this.answering -= 1));
      }
      answer(this.state, request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendJson(response, 400, { message: String(error) });
      });
    };
    const hang = [...this.hung].find(([pattern]) => pattern.test(path));
    if (!hang) {
      proceed();
      return;
    }
    hang[1].add(proceed);
    response.once('close', () => hang[1].delete(proceed));
  }
}

/** A simulated Docker Engine on a Unix socket, for tests and for machines without Docker. */
export const startSimulatedEngine = (options: SimulatedEngineOptions): Promise<SimulatedEngine> =>
  SimulatedEngine.start(options);
