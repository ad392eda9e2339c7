export interface SignInFacts {
  /** Where the page is: `https://pay.example.org`. */
  origin: URL;
  /** With its checksum (EIP-55). */
  address: string;
  chainId: number;
  nonce: string;
  issuedAt: Date;
  expiresAt: Date;
}

const statement = 'Sign in to see what your orchestrators earned. This costs nothing and moves nothing.';

/** The message of EIP-4361, word for word: wallets show it as such, and compare its domain with the page's. */
export const signInMessage = ({
  origin,
  address,
  chainId,
  nonce,
  issuedAt,
  expiresAt,
}: SignInFacts): string =>
  [
    `${origin.host} wants you to sign in with your Ethereum account:`,
    address,
    '',
    statement,
    '',
    `URI: ${origin.origin}`,
    'Version: 1',
    `Chain ID: ${chainId}`,
    `Nonce: ${nonce}`,
    `Issued At: ${issuedAt.toISOString()}`,
    `Expiration Time: ${expiresAt.toISOString()}`,
  ].join('\n');

/** All that is read of what comes back: under which nonce the message is kept. */
export const nonceOf = (message: string): string | undefined =>
  /\nNonce: ([0-9a-zA-Z]{16,64})\n/.exec(message)?.[1];
