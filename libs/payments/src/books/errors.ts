/** What was asked for does not exist. */
export class NotFoundError extends Error {
  override readonly name: string = 'NotFoundError';
  constructor(
    readonly what: string,
    readonly id: string,
  ) {
    super(`There is no ${what} ${id}`);
  }
}

/** The change collides with something that exists. */
export class ConflictError extends Error {
  override readonly name: string = 'ConflictError';
  constructor(
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

export class WorkerAddressTakenError extends ConflictError {
  override readonly name = 'WorkerAddressTakenError';
  constructor(
    readonly workerAddress: string,
    readonly orchestratorId: string,
  ) {
    super(`The worker ${workerAddress} belongs to the orchestrator ${orchestratorId}`, 'worker_address');
  }
}

/** The change is well-formed, but the rules of the books do not allow it. `field` is named as on the wire. */
export class RuleError extends Error {
  override readonly name: string = 'RuleError';
  constructor(
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

/** The books are kept in periods of another length than this process was told. */
export class PeriodMismatchError extends Error {
  override readonly name = 'PeriodMismatchError';
  constructor(
    readonly bookSeconds: number,
    readonly configuredSeconds: number,
  ) {
    super(
      `These books are kept in periods of ${bookSeconds} s, but PAYMENT_INTERVAL_SECONDS is ${configuredSeconds}. ` +
        `Set PAYMENT_INTERVAL_SECONDS=${bookSeconds}; or, to change the books from the next full hour on, stop every ` +
        `distributor, run "select payments.change_period(${configuredSeconds});" in their database and start again.`,
    );
  }
}
