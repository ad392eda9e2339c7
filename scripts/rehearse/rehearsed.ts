import type { PayerApi } from './payer-api.js';
import type { WatchedServices } from './watched-services.js';

/** One payee of the rehearsal: its worker, and the containers that it is paid for. */
export interface Payee {
  letter: string;
  serviceUri: string;
  /** As the distributor reaches the worker. */
  workerUrl: string;
  services: readonly string[];
  payoutAddress: string;
}

/** What is upgraded: containers on a Docker Engine, or processes. The distributor knows the first payee by its environment. */
export interface Rehearsed {
  readonly api: PayerApi;
  readonly payees: readonly Payee[];
  /** By the letter of the payee. */
  readonly services: ReadonlyMap<string, WatchedServices>;
  /** Makes the new version ready while the old one works. */
  prepareNew(): Promise<void>;
  /** Workers and distributor are replaced by the new version, and the distributor is ready. */
  exchange(): Promise<void>;
  /** It ends what it began, then nothing writes to the books. */
  stopDistributor(): Promise<unknown>;
  /** A distributor of the new version works on the database `elsewhere`. */
  startOnRestoredBooks(): Promise<void>;
  databaseUrl(which: 'origin' | 'elsewhere'): Promise<string>;
  /** As this program reaches the worker. */
  workerUrlFor(payee: Payee): Promise<string>;
  /** What the token says that an address has, in micro-dollars. */
  balanceOf(address: string): Promise<bigint>;
}
