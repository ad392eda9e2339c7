import * as z from 'zod/mini';

/** What a wallet puts into the page (EIP-1193). */
export interface Wallet {
  request(asked: { method: string; params?: unknown[] }): Promise<unknown>;
}

const isWallet = (value: unknown): value is Wallet =>
  typeof value === 'object' && value !== null && 'request' in value && typeof value.request === 'function';

export function walletOf(): Wallet | null {
  const injected: unknown = Reflect.get(window, 'ethereum');
  return isWallet(injected) ? injected : null;
}

/** @throws what the wallet throws, also when a person says no */
export async function walletAddress(wallet: Wallet): Promise<string> {
  const accounts = z.array(z.string()).safeParse(await wallet.request({ method: 'eth_requestAccounts' }));
  const [address] = accounts.data ?? [];
  if (address === undefined) throw new Error('The wallet names no account.');
  return address;
}

export async function signWith(wallet: Wallet, message: string, address: string): Promise<string> {
  const bytes = new TextEncoder().encode(message);
  const hex = `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  const signature = z
    .string()
    .safeParse(await wallet.request({ method: 'personal_sign', params: [hex, address] }));
  if (!signature.success) throw new Error('The wallet answered with something that is no signature.');
  return signature.data;
}
