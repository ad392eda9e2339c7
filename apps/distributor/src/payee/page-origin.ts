import { Problem } from '#platform';

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/**
 * Where the page is that somebody signs in on. It comes from the configuration: a header of the request could name any
 * domain, and the wallet's warning of a foreign page would be gone. Only on the machine itself the request is believed.
 * @throws Problem 409
 */
export function pageOrigin(publicUrl: string | undefined, host: string | undefined): URL {
  if (publicUrl !== undefined) return new URL(publicUrl);
  if (host !== undefined && loopback.test(host)) return new URL(`http://${host}`);
  throw new Problem({
    status: 409,
    detail: 'Payees cannot sign in here yet: the payer has to set PUBLIC_URL to the address of this page.',
  });
}
