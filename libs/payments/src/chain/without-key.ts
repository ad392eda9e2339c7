/** Shorter parts of an address are words such as `v2` or `rpc`. */
const shortestKey = 8;

/**
 * A node's own words without the access key in its address, which some repeat: what a node says ends up in alerts and
 * in the books, and is read by people who may not have the key.
 */
export function withoutKey(text: string, url: string): string {
  const { username, password, pathname, searchParams } = new URL(url);
  const parts = [username, password, ...pathname.split('/'), ...searchParams.values()];
  const keys = parts
    .flatMap((part) => [part, decodeURIComponent(part)])
    .filter((part) => part.length >= shortestKey);
  return keys.reduce((rest, key) => rest.replaceAll(key, '[redacted]'), text);
}
