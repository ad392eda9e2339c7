/** How a node has behaved, for people and for the order in which nodes are asked. */
export interface NodeHealth {
  /** Host of the node; never the whole URL, whose path often holds an access key. */
  name: string;
  state: 'unknown' | 'healthy' | 'distrusted' | 'wrong-chain';
  headBlock: bigint | null;
  /** Of its last answer to a whole piece of work. */
  latencyMs: number | null;
  /** Why it is distrusted. */
  failure: string | null;
}

/** After the first failure, doubled with each further one. */
const distrust = { firstMs: 5_000, mostMs: 60_000 };

/** How long a node is asked last after so many failures in a row. */
export const distrustMs = (failures: number): number =>
  failures === 0 ? 0 : Math.min(distrust.mostMs, distrust.firstMs * 2 ** Math.min(failures - 1, 10));
