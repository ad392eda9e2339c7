import { getBytes, type Wallet } from 'ethers';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const personalSign = z.tuple([z.string(), z.string()]);

/** A wallet in the page, as an extension puts it there. */
export async function onlyForPictures(
  page: Page,
  key: Pick<Wallet, 'address' | 'signMessage'>,
): Promise<void> {
  await page.exposeFunction('askWallet', async (method: string, params: unknown) =>
    method === 'personal_sign' ? key.signMessage(getBytes(personalSign.parse(params)[0])) : [key.address],
  );
  await page.addInitScript(
    'window.ethereum = { request: ({ method, params }) => window.askWallet(method, params ?? []) };',
  );
}
