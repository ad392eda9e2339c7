import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { errorCode } from '../wire/error-code.js';

export class PortInUseError extends Error {
  constructor(
    readonly port: number,
    readonly variable: string,
  ) {
    super(`Port ${port} is in use. Set ${variable} to another port, or stop the program that holds it.`);
    this.name = 'PortInUseError';
  }
}

export interface ListenOptions {
  port: number;
  /** The variable that changes the port, named in the error. */
  variable: string;
  host?: string;
}

const isAddressInUse = (error: unknown) => ['EADDRINUSE', 'EACCES'].includes(errorCode(error) ?? '');

/**
 * Listens and returns the port, which the system chose when 0 was asked for.
 * @throws PortInUseError
 */
export async function listen(
  app: NestFastifyApplication,
  { port, variable, host = '0.0.0.0' }: ListenOptions,
): Promise<number> {
  try {
    await app.listen(port, host);
  } catch (error) {
    if (isAddressInUse(error)) throw new PortInUseError(port, variable);
    throw error;
  }
  const address = app.getHttpServer().address();
  return typeof address === 'object' && address ? address.port : port;
}

/** For `main.ts` only: listens, or says in one line why it cannot and exits with code 1. */
export async function listenOrExit(app: NestFastifyApplication, options: ListenOptions): Promise<number> {
  try {
    return await listen(app, options);
  } catch (error) {
    if (!(error instanceof PortInUseError)) throw error;
    process.stderr.write(`${error.message}\n`);
    await app.close();
    process.exit(1);
  }
}
