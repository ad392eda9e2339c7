import { z } from 'zod';

/** Who asks: the administrator may change things, a viewer may only look. */
export const roleSchema = z.enum(['admin', 'viewer']);
export type Role = z.output<typeof roleSchema>;

export interface Session {
  role: Role;
}

/** What a token must say to be believed; the signature, the issuer and the expiry are checked before. */
export const tokenClaimsSchema = z.object({ sub: roleSchema });

export const tokenIssuer = 'uptime-payroll/distributor';
export const tokenLifetimeSeconds = 3600;
