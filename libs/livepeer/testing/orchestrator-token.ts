import { randomBytes } from 'node:crypto';

import { decodeStandardBase64 } from '../src/base64.js';
import { tokenMessage } from '../src/signatures.js';
import type { CapabilityRegistry } from './capability-registry.js';
import { goAnswer, goError } from './go-http-answer.js';
import type { GoExchange } from './go-http-server.js';
import { decodeGoStruct } from './go-struct.js';
import type { Profile } from './profile.js';
import { quickSigner } from './signature-cache.js';

interface TokenEndpointOptions {
  registry: CapabilityRegistry;
  profile: Profile;
  serviceAddress: () => string;
}

interface SenderAddress {
  addr: string;
  sig: string;
}

/** `GET /process/token`: whether a sender may send a job, to which address, at what price. */
export function answerToken(exchange: GoExchange, options: TokenEndpointOptions): void {
  const { request, response } = exchange;
  if (request.method !== 'GET') {
    goError(response, 405, 'Method not allowed');
    return;
  }
  const addressHeader = request.headers['livepeer-eth-address'];
  if (typeof addressHeader !== 'string' || addressHeader === '') {
    goError(response, 400, 'Must have eth address and signature on address in Livepeer-Eth-Address header');
    return;
  }
  const sender = verifiedSender(addressHeader);
  if (sender === undefined) {
    goError(response, 400, 'Invalid eth address header ');
    return;
  }
  const capability = request.headers['livepeer-capability'];
  if (typeof capability !== 'string' || capability === '') {
    goError(
      response,
      400,
      'Job capabilities not provided, must provide comma separated capabilities in Livepeer-Capability header',
    );
    return;
  }
  const available = options.registry.available(capability);
  if (available === undefined && options.profile === 'pr-3650') {
    goAnswer(response, 503, { 'Content-Type': 'application/json' }, '{}\n');
    return;
  }
  const token = tokenFor(sender, capability, options, available ?? 0);
  goAnswer(response, 200, { 'Content-Type': 'application/json' }, `${JSON.stringify(token)}\n`);
}

/** Go leaves out what is zero: no `pricePerUnit` at price 0, no `available_capacity` when there is none. */
function tokenFor(
  sender: SenderAddress,
  capability: string,
  options: TokenEndpointOptions,
  available: number,
): Record<string, unknown> {
  const entry = options.registry.get(capability);
  const price = entry?.pricePerUnit ?? 0;
  return {
    sender_address: sender,
    ticket_params: {
      recipient: randomBytes(20).toString('base64'),
      recipient_rand_hash: randomBytes(32).toString('base64'),
      seed: randomBytes(32).toString('base64'),
      expiration_block: 'AQID',
      expiration_params: {
        creation_round: 3_900,
        creation_round_block_hash: randomBytes(32).toString('base64'),
      },
    },
    price:
      price === 0 ? { pixelsPerUnit: 1 } : { pricePerUnit: price, pixelsPerUnit: entry?.priceScaling ?? 1 },
    service_addr: options.serviceAddress(),
    ...(options.profile === 'master'
      ? { ...(available > 0 ? { available_capacity: available } : {}), LastNonce: 0 }
      : {}),
  };
}

function verifiedSender(header: string): SenderAddress | undefined {
  try {
    const sender = decodeGoStruct(decodeStandardBase64(header), {
      name: 'JobSender',
      fields: { addr: 'string', sig: 'string' },
    });
    const signer = quickSigner(tokenMessage(sender.addr), sender.sig);
    return signer?.toLowerCase() === sender.addr.toLowerCase() ? sender : undefined;
  } catch {
    return undefined;
  }
}
