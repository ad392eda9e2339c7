import { getBytes, Wallet } from 'ethers';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const personalSign = z.tuple([z.string(), z.string()]);

export type WalletKey = Pick<Wallet, 'address' | 'signMessage'>;

/** Puts a wallet into the pages that are loaded from now on, as an extension does (EIP-1193); the key stays outside of them. */
export async function injectWallet(page: Page, key: WalletKey): Promise<void> {
  await page.exposeFunction('askWallet', async (method: string, params: unknown) => {
    if (method === 'eth_requestAccounts') return [key.address];
    if (method === 'personal_sign') return key.signMessage(getBytes(personalSign.parse(params)[0]));
    throw new Error(`The wallet does not know ${method}`);
  });
  await page.addInitScript(
    'window.ethereum = { request: ({ method, params }) => window.askWallet(method, params ?? []) };',
  );
}
