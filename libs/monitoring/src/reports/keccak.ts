import { createKeccak } from 'hash-wasm';

/** One instance for all: hashing is synchronous, so that nobody comes in between. */
const hasher = await createKeccak(256);

/** Keccak-256 as Ethereum has it. WebAssembly: on inputs of a few words seven times as fast as JavaScript. */
export const keccak256 = (bytes: Uint8Array): Uint8Array => hasher.init().update(bytes).digest('binary');
