import { addressSchema } from '#platform';
import { z } from 'zod';

/** Who signs in with a password: the administrator may change things, a viewer may only look. */
export const roleSchema = z.enum(['admin', 'viewer']);
export type Role = z.output<typeof roleSchema>;

/** A payee has proved that it holds the key of an address; what belongs to it is asked at each request. */
export type Session = { role: Role } | { role: 'payee'; address: string };

/** What a token must say to be believed; the signature, the issuer and the expiry are checked before. */
export const tokenClaimsSchema = z.union([
  z.object({ sub: roleSchema }).transform(({ sub }): Session => ({ role: sub })),
  z
    .object({ sub: z.literal('payee'), address: addressSchema })
    .transform(({ sub, address }): Session => ({ role: sub, address })),
]);

export const tokenIssuer = 'uptime-payroll/distributor';
export const tokenLifetimeSeconds = 3600;
/** A payee signs again sooner: the token cannot be taken back. */
export const payeeTokenLifetimeSeconds = 900;
