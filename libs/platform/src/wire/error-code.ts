/**
 * The `code` of an error of Node, pg or the like (`ECONNREFUSED`, `40001`). By its shape and not by `instanceof`,
 * which fails for errors of another realm, such as Node's own inside a Jest sandbox.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
