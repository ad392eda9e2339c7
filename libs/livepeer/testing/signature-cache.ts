import { recoverSigner, signMessage } from '../src/signatures.js';

/** Messages repeat: a token's is the sender's address, a job's mostly the same two strings. */
const mostEntries = 1_000;

class Remembered {
  private readonly values = new Map<string, string | undefined>();

  of(key: string, make: () => string | undefined): string | undefined {
    if (this.values.has(key)) return this.values.get(key);
    if (this.values.size >= mostEntries) this.values.clear();
    const value = make();
    this.values.set(key, value);
    return value;
  }
}

const signers = new Remembered();
const signatures = new Remembered();

/**
 * go-livepeer signs and verifies in C within a tenth of a millisecond, the library at hand in some: what was done once is
 * not done again, so that doubles take about as long as the real nodes.
 */
export const quickSigner = (message: string, signature: string): string | undefined =>
  signers.of(`${signature}/${message}`, () => recoverSigner(message, signature));

export const quickSignature = (privateKey: string, message: string): string =>
  signatures.of(`${privateKey}/${message}`, () => signMessage(privateKey, message)) ?? '';
