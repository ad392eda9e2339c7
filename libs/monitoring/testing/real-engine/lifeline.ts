import { constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runProgram } from './run-program.js';

export type LifeSign = 'began' | 'ended' | 'paused' | 'went on';

/** A silence of this long is a pause: the process speaks every few milliseconds. */
const silenceMs = 150;

const limitMs = 15_000;

/**
 * How the truth is known without asking the Engine: the container's own process holds the writing end of a named pipe
 * and writes a byte every two milliseconds. Its first byte says that it runs; when it dies, however that happens, the
 * kernel closes the pipe in the same moment; while it is frozen it writes nothing. Each sign reaches us a millisecond or
 * two after it happened; of a pause the last byte before it is the time, so that it is known to some five milliseconds.
 */
export class Lifeline {
  private socket: Socket | undefined;
  private lastByteMs: number | null = null;
  private silence: NodeJS.Timeout | undefined;
  private isPaused = false;
  private isOver = false;
  private heard: { sign: LifeSign; atMs: number }[] = [];
  private listeners = new Set<() => void>();

  private constructor(readonly directory: string) {}

  static async lay(): Promise<Lifeline> {
    const lifeline = new Lifeline(await mkdtemp(join(tmpdir(), 'lifeline-')));
    await runProgram('mkfifo', [lifeline.path]);
    lifeline.listen();
    return lifeline;
  }

  private get path(): string {
    return join(this.directory, 'line');
  }

  /** For the container's shell, with `directory` mounted on `/life`. */
  readonly script = 'exec 3>/life/line; while :; do echo >&3; /busybox usleep 2000; done';

  get bind(): string {
    return `${this.directory}:/life`;
  }

  /** The next sign of this kind that has not been taken yet; Unix milliseconds. */
  async next(sign: LifeSign): Promise<number> {
    const endMs = Date.now() + limitMs;
    for (;;) {
      const at = this.heard.findIndex((heard) => heard.sign === sign);
      const found = this.heard[at];
      if (found) {
        this.heard = this.heard.slice(at + 1);
        return found.atMs;
      }
      const leftMs = endMs - Date.now();
      if (leftMs <= 0) throw new Error(`The container's process never ${sign}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        const wake = () => {
          clearTimeout(timer);
          this.listeners.delete(wake);
          resolve();
        };
        this.listeners.add(wake);
      });
    }
  }

  async end(): Promise<void> {
    this.isOver = true;
    clearTimeout(this.silence);
    this.socket?.destroy();
    await rm(this.directory, { recursive: true, force: true });
  }

  private listen() {
    const fd = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const socket = new Socket({ fd, readable: true, writable: false });
    this.socket = socket;
    this.lastByteMs = null;
    socket.on('data', () => {
      this.hear();
    });
    socket.on('end', () => {
      const nowMs = Date.now();
      clearTimeout(this.silence);
      this.isPaused = false;
      if (this.isOver) return;
      this.note('ended', nowMs);
      this.listen();
    });
    socket.on('error', () => undefined);
  }

  private hear() {
    const nowMs = Date.now();
    if (this.lastByteMs === null) this.note('began', nowMs);
    if (this.isPaused) this.note('went on', nowMs);
    this.isPaused = false;
    this.lastByteMs = nowMs;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.isPaused = true;
      this.note('paused', this.lastByteMs ?? nowMs);
    }, silenceMs);
  }

  private note(sign: LifeSign, atMs: number) {
    this.heard.push({ sign, atMs });
    for (const wake of this.listeners) wake();
  }
}
