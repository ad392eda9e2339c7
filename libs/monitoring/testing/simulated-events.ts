import type { ServerResponse } from 'node:http';

/** As much as a real Engine remembers, of all types together. */
const remembered = 256;

export interface SimulatedEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
}

/** As it is remembered and told. */
interface ToldEvent extends SimulatedEvent {
  timeNano: bigint;
  line: string;
}

interface Filters {
  type?: string[];
  event?: string[];
  container?: string[];
}

/** JSON as the Engine writes it: nanoseconds as a number beyond what JSON.stringify can write. */
function toLine(event: SimulatedEvent, timeNano: bigint, beside: Record<string, unknown>): string {
  const { Type, Action, Actor } = event;
  const old = Type === 'container' ? { status: Action, id: Actor.ID, from: Actor.Attributes.image } : {};
  const head = JSON.stringify({
    ...old,
    Type,
    Action,
    Actor,
    ...beside,
    scope: 'local',
    time: Number(timeNano / 1_000_000_000n),
  });
  return `${head.slice(0, -1)},"timeNano":${timeNano}}`;
}

function matches({ Type, Action, Actor }: SimulatedEvent, { type, event, container }: Filters): boolean {
  if (type && !type.includes(Type)) return false;
  if (event && !event.includes(Action)) return false;
  return (
    !container || container.some((wanted) => Actor.ID.startsWith(wanted) || Actor.Attributes.name === wanted)
  );
}

/** The Engine's event log: a small buffer in memory and its subscribers. */
export class SimulatedEvents {
  private buffer: ToldEvent[] = [];
  private readonly subscribers = new Map<ServerResponse, Filters>();
  private lastNano = 0n;
  private muted = false;
  private withheld = 0;
  /** How a line leaves: whole unless a test cuts it. */
  private deliver = (response: ServerResponse, line: string): void => {
    response.write(`${line}\n`);
  };

  /** @param wallMs the Engine's clock; absent: the machine's */
  constructor(
    private readonly contentType: string,
    private readonly wallMs?: () => number,
  ) {}

  /** Strictly rising nanoseconds since 1970, however the clock is set. */
  nowNano(): bigint {
    const nano = this.wallMs
      ? BigInt(this.wallMs()) * 1_000_000n
      : BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
    this.lastNano = nano > this.lastNano ? nano : this.lastNano + 1n;
    return this.lastNano;
  }

  emit(event: SimulatedEvent, beside: Record<string, unknown> = {}): void {
    if (this.withheld > 0) {
      this.withheld--;
      return;
    }
    const timeNano = this.nowNano();
    const told: ToldEvent = { ...event, timeNano, line: toLine(event, timeNano, beside) };
    this.buffer.push(told);
    if (this.buffer.length > remembered) this.buffer.shift();
    if (!this.muted) this.tell(told);
  }

  private tell(event: ToldEvent) {
    for (const [response, filters] of this.subscribers) {
      if (matches(event, filters)) this.deliver(response, event.line);
    }
  }

  subscribe(response: ServerResponse, since: bigint | null, until: bigint | null, filters: Filters): void {
    response.writeHead(200, { 'content-type': this.contentType });
    response.flushHeaders();
    if (since !== null || until !== null) {
      for (const event of this.buffer) {
        const within = event.timeNano >= (since ?? 0n) && (until === null || event.timeNano <= until);
        if (within && matches(event, filters)) this.deliver(response, event.line);
      }
    }
    const leftMs = until === null ? Infinity : Number((until - this.nowNano()) / 1_000_000n);
    if (leftMs <= 0) {
      response.end();
      return;
    }
    this.subscribers.set(response, filters);
    const end = Number.isFinite(leftMs) ? setTimeout(() => response.end(), leftMs) : undefined;
    response.on('close', () => {
      clearTimeout(end);
      this.subscribers.delete(response);
    });
  }

  get subscriberCount(): number {
    return this.subscribers.size;
  }

  /** Ends every stream, as a proxy does whose time limit has passed. */
  closeStreams(): void {
    for (const response of this.subscribers.keys()) response.end();
  }

  /** Streams stay open but carry nothing, as over a connection that is half dead. */
  mute(muted: boolean): void {
    this.muted = muted;
  }

  /** The next events happen unseen: they are neither delivered nor remembered. */
  dropNext(count: number): void {
    this.withheld = count;
  }

  /** Tells the latest events once more, as it may happen around a subscription. */
  tellAgain(count: number): void {
    for (const event of this.buffer.slice(-count)) this.tell(event);
  }

  /** How lines leave from now on. */
  deliverBy(deliver: (response: ServerResponse, line: string) => void): void {
    this.deliver = deliver;
  }

  /** Bytes that no event accounts for. */
  tellRaw(bytes: Buffer | string): void {
    for (const response of this.subscribers.keys()) response.write(bytes);
  }

  /** A restarted Engine remembers nothing. */
  forget(): void {
    this.buffer = [];
  }
}
