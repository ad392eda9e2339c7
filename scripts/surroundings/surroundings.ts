import { normaliseOrchestratorUrl } from '#livepeer';
import { variables } from '#platform';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Where the parts of a deployment are; what is absent was named by nobody. */
export interface Surroundings {
  gatewayUrl: string | undefined;
  workerUrl: string | undefined;
  distributorUrl: string | undefined;
  /** The orchestrator that jobs are for, spelled as the gateway spells it. */
  orchestratorUrl: string | undefined;
  rpcUrl: string | undefined;
  adminPassword: string | undefined;
  tokenAddress: string | undefined;
  payerAddress: string | undefined;
  periodSeconds: number | undefined;
  capability: string;
  /** Said in messages: the stack file that was read, if one was. */
  stackFile: string | undefined;
}

/** The person has to change something; the message says what. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Flags that every script takes, for `parseArgs`. */
export const surroundingsFlags = {
  gateway: { type: 'string' },
  worker: { type: 'string' },
  distributor: { type: 'string' },
  orchestrator: { type: 'string' },
  rpc: { type: 'string' },
  'admin-password': { type: 'string' },
  token: { type: 'string' },
  payer: { type: 'string' },
  capability: { type: 'string' },
  stack: { type: 'string' },
} as const;

export type SurroundingsFlags = { [Name in keyof typeof surroundingsFlags]?: string | undefined };

/** Names as the apps use them, so that a script runs in their environment; of a list the first counts. */
export const surroundingsEnvironment = z.object({
  STACK_FILE: variables.text().optional(),
  GATEWAY_URL: variables.httpUrl().optional(),
  WORKER_URL: variables.httpUrlList(),
  DISTRIBUTOR_URL: variables.httpUrl().optional(),
  ORCHESTRATOR_ADDRESSES: variables.list(),
  ETH_RPC_URL: variables.httpUrlList(),
  ADMIN_PASSWORD: variables.text().optional(),
  TOKEN_ADDRESS: variables.text().optional(),
  PAYER_ADDRESS: variables.text().optional(),
  CAPABILITY_NAME: variables.text().default('agent-net'),
});

export type SurroundingsEnvironment = z.output<typeof surroundingsEnvironment>;

/** `.local/stack.json`, of which more than this may be there. */
const stackSchema = z.object({
  worker_url: z.string(),
  distributor_url: z.string(),
  gateway_url: z.string(),
  orchestrator_url: z.string(),
  rpc_url: z.string(),
  database_url: z.string(),
  admin_password: z.string(),
  period_seconds: z.number(),
  token_address: z.string(),
  payer_address: z.string(),
  pids: z.object({ worker: z.int(), distributor: z.int() }),
});

export const defaultStackFile = '.local/stack.json';

/**
 * A flag wins over the environment, and that over the stack file of `npm start`.
 * @throws UsageError for a malformed address, and for a stack file that is unreadable or left over
 */
export async function findSurroundings(
  flags: SurroundingsFlags,
  environment: SurroundingsEnvironment,
): Promise<Surroundings> {
  const stackFile = flags.stack ?? environment.STACK_FILE;
  const stack = await readStack(stackFile ?? defaultStackFile, stackFile !== undefined);
  const orchestrator = flags.orchestrator ?? environment.ORCHESTRATOR_ADDRESSES[0] ?? stack?.orchestrator_url;
  return {
    gatewayUrl: url('--gateway', flags.gateway) ?? environment.GATEWAY_URL ?? stack?.gateway_url,
    workerUrl: url('--worker', flags.worker) ?? environment.WORKER_URL[0] ?? stack?.worker_url,
    distributorUrl:
      url('--distributor', flags.distributor) ?? environment.DISTRIBUTOR_URL ?? stack?.distributor_url,
    orchestratorUrl: orchestrator === undefined ? undefined : orchestratorUrl(orchestrator),
    rpcUrl: url('--rpc', flags.rpc) ?? environment.ETH_RPC_URL[0] ?? stack?.rpc_url,
    adminPassword: flags['admin-password'] ?? environment.ADMIN_PASSWORD ?? stack?.admin_password,
    tokenAddress: flags.token ?? environment.TOKEN_ADDRESS ?? stack?.token_address,
    payerAddress: flags.payer ?? environment.PAYER_ADDRESS ?? stack?.payer_address,
    periodSeconds: stack?.period_seconds,
    capability: flags.capability ?? environment.CAPABILITY_NAME,
    stackFile: stack === undefined ? undefined : (stackFile ?? defaultStackFile),
  };
}

/** @throws UsageError that names the flag */
export function required(part: string, value: string | undefined, flag: string, variable: string): string {
  if (value !== undefined && value !== '') return value;
  throw new UsageError(
    `Nobody named the ${part}: ${flag} (or ${variable}). There is no ${defaultStackFile} either, so the local stack is not ` +
      'running here: start it with `npm start` in another terminal, or name the parts of your deployment.',
  );
}

/**
 * The running local stack's file; undefined when there is none and nobody named one.
 * @throws UsageError for one that is unreadable or left over
 */
export async function readStack(
  file: string,
  isAskedFor: boolean,
): Promise<z.output<typeof stackSchema> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!isAskedFor) return undefined;
    throw new UsageError(
      `The stack file ${file} cannot be read (${describe(error)}). It exists while the local stack runs: \`npm start\`.`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UsageError(`The stack file ${file} is not JSON.`);
  }
  const parsed = stackSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(
      `The stack file ${file} is malformed: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }
  const { worker, distributor } = parsed.data.pids;
  if (!isAlive(worker) && !isAlive(distributor)) {
    throw new UsageError(
      `${file} is left over from a stack that no longer runs. Start it with \`npm start\` in another terminal, or remove the file.`,
    );
  }
  return parsed.data;
}

function url(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parsed = variables.httpUrl().safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${flag} must be an http:// or https:// URL; it is "${text}".`);
}

function orchestratorUrl(text: string): string {
  try {
    return normaliseOrchestratorUrl(text);
  } catch (error) {
    throw new UsageError(`--orchestrator: ${describe(error)}`);
  }
}

/** Signal 0 asks and does not signal. A process of another user counts as alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
