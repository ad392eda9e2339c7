import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Role } from './session.js';

interface Passwords {
  adminPassword: string;
  viewerPassword: string | undefined;
}

/** Digests have one length whatever was typed, so that comparing them takes one time. */
const digestKey = randomBytes(32);
const digest = (text: string) => createHmac('sha256', digestKey).update(text).digest();
const equals = (typed: string, expected: string) => timingSafeEqual(digest(typed), digest(expected));

/** Whose password this is. Both are always compared, so the time tells nothing about either. */
export function roleOf(typed: string, { adminPassword, viewerPassword }: Passwords): Role | undefined {
  const isAdmin = equals(typed, adminPassword);
  const isViewer = equals(typed, viewerPassword ?? '') && viewerPassword !== undefined;
  if (isAdmin) return 'admin';
  return isViewer ? 'viewer' : undefined;
}

const deriveKey = promisify<
  string,
  string,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt);

/**
 * The key that signs tokens, the same in every replica and gone when a password changes. It is derived slowly, because
 * whoever holds one token (a viewer too) could otherwise try passwords against its signature at leisure.
 */
export async function tokenKeyOf({ adminPassword, viewerPassword }: Passwords): Promise<Buffer> {
  const passwords = JSON.stringify([adminPassword, viewerPassword ?? null]);
  return deriveKey(passwords, 'uptime-payroll token key 1', 32, {
    N: 2 ** 15,
    r: 8,
    p: 1,
    maxmem: 64 * 1024 ** 2,
  });
}
