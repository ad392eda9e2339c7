import { decodeGoStruct } from './go-struct.js';
import type { Profile } from './profile.js';

/** One entry of an orchestrator's registry. */
export interface RegisteredCapability {
  name: string;
  description: string;
  url: string;
  capacity: number;
  pricePerUnit: number;
  priceScaling: number;
  currency: string;
  /** Master only: sent to the worker as `Authorization: Bearer`. */
  token: string;
  /** Jobs that it believes to be running. Leaks upwards, and goes below zero after a registration under load. */
  load: number;
  /** Unix milliseconds. */
  registeredAtMs: number;
}

/** Go's price conversion panics for a currency that has no feed. */
export class CurrencyPanic extends Error {
  override readonly name = 'CurrencyPanic';
}

const externalCapability = {
  name: 'ExternalCapability',
  fields: {
    name: 'string',
    description: 'string',
    url: 'string',
    capacity: 'int',
    price_per_unit: 'int64',
    price_scaling: 'int64',
    currency: 'string',
    token: 'string',
    // Has no tag in Go either, so that a `load` in the body sets the counter.
    load: 'int',
  },
} as const;

/** In memory only; one entry per name, the last registration wins; no expiry, no health check. */
export class CapabilityRegistry {
  private readonly entries = new Map<string, RegisteredCapability>();

  constructor(private readonly profile: Profile) {}

  /** @throws {GoJsonError} for a body that Go cannot decode; {CurrencyPanic} */
  register(body: string): void {
    const wire = decodeGoStruct(body, externalCapability);
    if (!['', 'wei', 'eth'].includes(wire.currency.toLowerCase())) throw new CurrencyPanic(wire.currency);
    this.entries.set(wire.name, {
      name: wire.name,
      description: wire.description,
      url: wire.url,
      capacity: wire.capacity,
      pricePerUnit: wire.price_per_unit,
      priceScaling: wire.price_scaling === 0 ? 1 : wire.price_scaling,
      currency: wire.currency,
      token: this.profile === 'master' ? wire.token : '',
      load: wire.load,
      registeredAtMs: Date.now(),
    });
  }

  remove(name: string): void {
    this.entries.delete(name);
  }

  get(name: string): RegisteredCapability | undefined {
    return this.entries.get(name);
  }

  /** Slots that the token step sees; undefined when it must answer as for an unknown capability. */
  available(name: string): number | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.load >= entry.capacity) return undefined;
    return entry.capacity - entry.load;
  }

  /** Counts up whatever the capacity is: only the token step looks at it. */
  reserve(name: string): RegisteredCapability | undefined {
    const entry = this.entries.get(name);
    if (entry !== undefined) entry.load += 1;
    return entry;
  }

  /** By name: a job that outlived a new registration takes its slot from the new entry. */
  free(name: string): void {
    const entry = this.entries.get(name);
    if (entry !== undefined) entry.load -= 1;
  }

  clear(): void {
    this.entries.clear();
  }

  list(): RegisteredCapability[] {
    return [...this.entries.values()].map((entry) => ({ ...entry }));
  }
}
