export interface JobMemoryOptions {
  /** Entries; the one that was used longest ago makes room. */
  capacity: number;
  keepMs: number;
  nowMs?: () => number;
}

/**
 * Answers given lately. A gateway may run a job again that it believes to have failed: the same job is answered the
 * same, instead of being done twice.
 */
export class JobMemory<Answer> {
  private readonly entries = new Map<string, { answer: Answer; expiresAtMs: number }>();
  private readonly nowMs: () => number;

  constructor(private readonly options: JobMemoryOptions) {
    this.nowMs = options.nowMs ?? (() => performance.now());
  }

  recall(key: string): Answer | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    if (entry.expiresAtMs <= this.nowMs()) return undefined;
    this.entries.set(key, entry);
    return entry.answer;
  }

  remember(key: string, answer: Answer): void {
    this.entries.delete(key);
    const [oldest] = this.entries.keys();
    if (oldest !== undefined && this.entries.size >= this.options.capacity) this.entries.delete(oldest);
    this.entries.set(key, { answer, expiresAtMs: this.nowMs() + this.options.keepMs });
  }
}
