import { createRequire } from 'node:module';

/** What signing and verifying need of secp256k1; signatures are deterministic (RFC 6979) with low s. */
export interface Curve {
  readonly implementation: 'native' | 'wasm';
  isPrivateKey(key: Uint8Array): boolean;
  /** 65 bytes, uncompressed, leading 0x04. */
  publicKey(privateKey: Uint8Array): Uint8Array;
  /** 64 bytes r ‖ s and the recovery id. */
  sign(digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recoveryId: number };
  /** The uncompressed public key, or `undefined` when no key can have made this signature. */
  recover(digest: Uint8Array, signature: Uint8Array, recoveryId: 0 | 1): Uint8Array | undefined;
}

const require = createRequire(import.meta.url);

/** About six times as fast as WebAssembly; prebuilt for linux-x64, darwin-arm64 and win32-x64. */
export function nativeCurve(): Curve {
  // Not the package's main file: that falls back silently to a slow implementation in JavaScript.
  const native = require('secp256k1/bindings.js') as typeof import('secp256k1');
  return {
    implementation: 'native',
    isPrivateKey: (key) => native.privateKeyVerify(key),
    publicKey: (privateKey) => native.publicKeyCreate(privateKey, false),
    sign(digest, privateKey) {
      const { signature, recid } = native.ecdsaSign(digest, privateKey);
      return { signature, recoveryId: recid };
    },
    recover(digest, signature, recoveryId) {
      try {
        return native.ecdsaRecover(signature, recoveryId, digest, false);
      } catch {
        return undefined;
      }
    },
  };
}

export function wasmCurve(): Curve {
  const wasm = require('tiny-secp256k1') as typeof import('tiny-secp256k1');
  return {
    implementation: 'wasm',
    isPrivateKey: (key) => wasm.isPrivate(key),
    publicKey(privateKey) {
      const key = wasm.pointFromScalar(privateKey, false);
      if (!key) throw new RangeError('not a private key');
      return key;
    },
    sign: (digest, privateKey) => wasm.signRecoverable(digest, privateKey),
    recover(digest, signature, recoveryId) {
      try {
        return wasm.recover(digest, signature, recoveryId, false) ?? undefined;
      } catch {
        return undefined;
      }
    },
  };
}

function fastestCurve(): Curve {
  try {
    return nativeCurve();
  } catch {
    return wasmCurve();
  }
}

export const curve = fastestCurve();
