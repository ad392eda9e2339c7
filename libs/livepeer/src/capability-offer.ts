/** What a worker offers to an orchestrator. One entry per name: a second worker with the same name replaces the first. */
export interface CapabilityOffer {
  name: string;
  /** Where the orchestrator reaches the worker: `http://host:port`; it appends the route of each job. */
  url: string;
  description: string;
  /** Jobs at once; 0 is never selected. The orchestrator overshoots it: the worker must keep its own limit. */
  capacity: number;
  /** Wei per second of work, after division by `priceScaling`. */
  pricePerUnit: number;
  priceScaling: number;
  /**
   * What an orchestrator of master sends with each job as `Authorization: Bearer`; pr-3650 ignores it, and sends none.
   */
  token?: string | undefined;
}

export class CapabilityOfferError extends Error {
  override readonly name = 'CapabilityOfferError';
}

/**
 * The body of `POST /capability/register`. A path or a trailing slash in the URL would be doubled in each job's address,
 * and a URL without scheme takes the orchestrator's handler down; a currency other than `wei` may do so as well.
 *
 * @throws {CapabilityOfferError}
 */
export function offerToWire(offer: CapabilityOffer): Record<string, string | number> {
  const url = offer.url.replace(/\/+$/, '');
  if (!/^https?:\/\/[^/?#@]+$/i.test(url) || !URL.canParse(url)) {
    throw new CapabilityOfferError(`"${offer.url}" must be http(s)://host:port, without a path`);
  }
  if (!Number.isSafeInteger(offer.capacity) || offer.capacity < 1) {
    throw new CapabilityOfferError('a capacity must be a whole number, at least 1');
  }
  if (!Number.isSafeInteger(offer.pricePerUnit) || offer.pricePerUnit < 0) {
    throw new CapabilityOfferError('a price per unit must be a whole number of wei, at least 0');
  }
  if (!Number.isSafeInteger(offer.priceScaling) || offer.priceScaling < 1) {
    throw new CapabilityOfferError('a price scaling must be a whole number, at least 1');
  }
  if (offer.token !== undefined && !/^[\x21-\x7e]+$/.test(offer.token)) {
    throw new CapabilityOfferError('a token must be printable ASCII without spaces: it travels in a header');
  }
  return {
    name: offer.name,
    description: offer.description,
    url,
    capacity: offer.capacity,
    price_per_unit: offer.pricePerUnit,
    price_scaling: offer.priceScaling,
    currency: 'wei',
    ...(offer.token === undefined ? {} : { token: offer.token }),
  };
}
