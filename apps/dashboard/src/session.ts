import * as z from 'zod/mini';

const key = 'session';

const sessionSchema = z.object({
  token: z.string(),
  role: z.enum(['admin', 'viewer', 'payee']),
  /** Unix milliseconds; after it the token is refused. */
  expiresAtMs: z.number(),
});
export type Session = z.output<typeof sessionSchema>;

export const tokenSchema = z.object({
  access_token: z.string(),
  expires_in: z.number(),
  role: z.enum(['admin', 'viewer', 'payee']),
});

/** Kept for this tab alone, and gone with it. */
export function keptSession(): Session | null {
  try {
    const session = sessionSchema.safeParse(JSON.parse(sessionStorage.getItem(key) ?? 'null'));
    return session.success && session.data.expiresAtMs > Date.now() ? session.data : null;
  } catch {
    return null;
  }
}

export function keepSession(token: z.output<typeof tokenSchema>): Session {
  const session = {
    token: token.access_token,
    role: token.role,
    expiresAtMs: Date.now() + token.expires_in * 1_000,
  };
  sessionStorage.setItem(key, JSON.stringify(session));
  return session;
}

export const forgetSession = (): void => {
  sessionStorage.removeItem(key);
};
