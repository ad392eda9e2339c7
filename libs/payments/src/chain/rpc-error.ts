/** The node answered, and its answer was an error. `message` is the node's own. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  constructor(
    readonly method: string,
    /** Host of the node; never the whole URL, whose path often holds an access key. */
    readonly node: string,
    readonly code: number,
    readonly reason: string,
    readonly data?: unknown,
  ) {
    super(`${method} at ${node}: ${reason} (${code})`);
  }
}

/** No usable answer: refused, cut off, too late, rate-limited, or not JSON-RPC. What was asked for may have happened. */
export class RpcSilence extends Error {
  override readonly name = 'RpcSilence';
  constructor(
    readonly method: string,
    readonly node: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${method} at ${node}: ${reason}`, options);
  }
}
