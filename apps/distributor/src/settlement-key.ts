import type { Hex } from '#platform';
import { SigningKey, Wallet } from 'ethers';
import type { SettlementConfig } from './distributor.config.js';

type ChainConfig = NonNullable<SettlementConfig['chain']>;

/** Normalises 64 digits with or without 0x; throws for a number that is no key of the curve. */
function privateKey(text: string): Hex {
  const { privateKey: key } = new SigningKey(text.startsWith('0x') ? text : `0x${text}`);
  return `0x${key.slice(2)}`;
}

/** The treasury's key, as given or out of its keystore (which takes seconds, by intention). */
export async function payerKeyOf({ payerPrivateKey, payerKeystore }: ChainConfig): Promise<Hex> {
  if (payerPrivateKey !== undefined) return privateKey(payerPrivateKey);
  if (payerKeystore === undefined)
    throw new Error('Unreachable: the configuration requires a key with a chain.');
  const { privateKey: key } = await Wallet.fromEncryptedJson(payerKeystore.json, payerKeystore.password);
  return privateKey(key);
}

export const gasPayerKeyOf = ({ gasPayerPrivateKey }: ChainConfig): Hex | undefined =>
  gasPayerPrivateKey === undefined ? undefined : privateKey(gasPayerPrivateKey);
