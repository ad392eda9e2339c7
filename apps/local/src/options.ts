import { defaultServices } from '#monitoring';
import { variables } from '#platform';
import { parseArgs } from 'node:util';
import { z } from 'zod';

export interface LocalOptions {
  /** Undefined: what the books have, or 60 on new ones. */
  periodSeconds: number | undefined;
  fresh: boolean;
  stateDir: string;
  services: string[];
  adminPassword: string | undefined;
  dockerHost: string | undefined;
  ports: { worker: number; distributor: number; gateway: number; orchestrator: number; rpc: number };
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `npm start [-- options]

  --period SECONDS  how long a period is; must divide 3600 (default 60, or what the books have)
  --fresh           begin anew: removes the books, the chain and the journal of earlier runs
  --state FOLDER    where the state lives (default .local)
  --help            this text

Ports are changed by WORKER_PORT (9876), PORT (8010), GATEWAY_PORT (8935), ORCHESTRATOR_PORT (9995) and RPC_PORT (8545);
0 takes any free one. MONITORED_SERVICES, DOCKER_HOST and ADMIN_PASSWORD are read too.`;

/** Ports as in `docs/configuration.md`; those of gateway, orchestrator and chain exist in the local stack only. */
export const portVariables = {
  worker: 'WORKER_PORT',
  distributor: 'PORT',
  gateway: 'GATEWAY_PORT',
  orchestrator: 'ORCHESTRATOR_PORT',
  rpc: 'RPC_PORT',
} as const;

export const localEnvironmentSchema = z.object({
  WORKER_PORT: variables.port(9876),
  PORT: variables.port(8010),
  GATEWAY_PORT: variables.port(8935),
  ORCHESTRATOR_PORT: variables.port(9995),
  RPC_PORT: variables.port(8545),
  MONITORED_SERVICES: variables.list(defaultServices),
  ADMIN_PASSWORD: variables.text().optional(),
  DOCKER_HOST: variables.text().optional(),
});

function parsePeriod(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds < 5 || 3600 % seconds !== 0) {
    throw new UsageError(
      `--period must be a number of seconds, at least 5, that divides 3600; it is "${text}".`,
    );
  }
  return seconds;
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        period: { type: 'string' },
        fresh: { type: 'boolean', default: false },
        state: { type: 'string', default: '.local' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @returns `help` when that is all that was asked for
 * @throws UsageError
 */
export function parseOptions(
  args: readonly string[],
  parsed: z.output<typeof localEnvironmentSchema>,
): LocalOptions | 'help' {
  const flags = parseFlags(args);
  if (flags.help) return 'help';
  return {
    periodSeconds: parsePeriod(flags.period),
    fresh: flags.fresh,
    stateDir: flags.state,
    services: parsed.MONITORED_SERVICES,
    adminPassword: parsed.ADMIN_PASSWORD,
    dockerHost: parsed.DOCKER_HOST,
    ports: {
      worker: parsed.WORKER_PORT,
      distributor: parsed.PORT,
      gateway: parsed.GATEWAY_PORT,
      orchestrator: parsed.ORCHESTRATOR_PORT,
      rpc: parsed.RPC_PORT,
    },
  };
}
