import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/**
 * Where no worker is: what belongs to this machine, its link, or whoever runs its cloud. Private networks are allowed,
 * because workers stand in them.
 */
const never = listOf({
  subnets: [
    ...['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '224.0.0.0/4', '240.0.0.0/4'],
    // Deprecated ways to write an IPv4 address as IPv6, which would go around this list.
    ...['fe80::/10', 'fec0::/10', 'ff00::/8', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32'],
  ],
  // Metadata and control services outside of the link-local range: Amazon (IPv6), Alibaba, Azure, Oracle.
  addresses: [
    '::',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd00:ec2::123',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
  ],
});

const loopback = listOf({ subnets: ['127.0.0.0/8'], addresses: ['::1'] });

function listOf({ subnets, addresses }: { subnets: string[]; addresses: string[] }): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits = ''] = subnet.split('/');
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  for (const address of addresses) list.addAddress(address, familyOf(address));
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
  readonly code = 'EADDRFORBIDDEN';

  constructor(
    readonly host: string,
    readonly address: string,
  ) {
    super(`${host === address ? address : `${host} is ${address}, which`} is no address of a worker`);
  }
}

export interface AddressGuardOptions {
  /** Workers on this machine itself: for a local stack only. */
  allowLoopback: boolean;
}

type Resolved = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Keeps the distributor from asking what is not a worker, whoever wrote the URL and whatever its name resolves to. */
export class AddressGuard {
  constructor(private readonly options: AddressGuardOptions) {}

  /** IPv4 in the clothes of IPv6 (`::ffff:127.0.0.1`) is matched as what it is. */
  isForbidden(address: string): boolean {
    const family = familyOf(address);
    return never.check(address, family) || (!this.options.allowLoopback && loopback.check(address, family));
  }

  /** A host that is an address already is never resolved, so it is looked at by itself. */
  refusalOf(hostname: string): ForbiddenAddressError | undefined {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return isIP(host) !== 0 && this.isForbidden(host) ? new ForbiddenAddressError(host, host) : undefined;
  }

  /**
   * In the place of `dns.lookup` for one connection: what it lets through is what is connected to, so that a name that
   * changes its meaning in between gains nothing. One forbidden address among several refuses the name.
   */
  readonly lookup = (hostname: string, options: LookupOptions, done: Resolved): void => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        done(error, []);
        return;
      }
      const bad = found.find(({ address }) => this.isForbidden(address));
      const [first] = found;
      if (bad) done(new ForbiddenAddressError(hostname, bad.address), []);
      else if (options.all === true) done(null, found);
      else done(null, first?.address ?? '', first?.family ?? 4);
    });
  };

  /**
   * For a URL that somebody wants to keep: refused when it, or what its name resolves to now, is forbidden. A name that
   * does not resolve (yet) is kept; every connection is checked again.
   * @throws ForbiddenAddressError
   */
  async checkUrl(url: string, timeoutMs = 2_000): Promise<void> {
    const { hostname } = new URL(url);
    const refusal = this.refusalOf(hostname);
    if (refusal) throw refusal;
    if (isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0) return;
    await new Promise<void>((settled, refused) => {
      const timer = setTimeout(settled, timeoutMs);
      this.lookup(hostname, { all: true }, (error) => {
        clearTimeout(timer);
        if (error instanceof ForbiddenAddressError) refused(error);
        else settled();
      });
    });
  }
}
