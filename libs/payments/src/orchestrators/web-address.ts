import { addressSchema } from '#platform';

import { RuleError } from '../books/errors.js';

/** An http(s) address in one spelling, so that two ways of writing it are not two orchestrators. @throws RuleError */
export function normaliseUrl(text: string, field: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new RuleError('must be an http(s) URL', field);
  return url.href.replace(/\/+$/, '');
}

/** EIP-55. @throws RuleError */
export function normaliseAddress(text: string, field: string): string {
  const parsed = addressSchema.safeParse(text);
  if (!parsed.success) throw new RuleError(parsed.error.issues[0]?.message ?? 'must be an address', field);
  return parsed.data;
}

/** What an orchestrator is called when nobody named it. */
export const hostName = (serviceUri: string): string => new URL(serviceUri).host;
