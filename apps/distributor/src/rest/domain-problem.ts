import { ConflictError, ImportRefusedError, NotFoundError, RuleError } from '#payments';
import { errorCode, Problem } from '#platform';
import { DatabaseUnavailableError } from '#platform/database';
import { importProblem } from './import/import-problem.js';

/** Connection lost or refused, server starting or stopping, too many connections. */
const outageCodes = /^(08...|57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;
const outageMessages =
  /timeout exceeded when trying to connect|Connection terminated|Connection is not established/i;

function isOutage(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError) return true;
  const code = errorCode(error);
  if (code !== undefined && outageCodes.test(code)) return true;
  return error instanceof Error && outageMessages.test(error.message);
}

/** The one map from errors of the domain to HTTP: nothing in the domain knows a status. */
export function domainProblem(error: unknown): Problem | undefined {
  if (error instanceof NotFoundError) return new Problem({ status: 404, detail: error.message });
  if (error instanceof ConflictError) return ruleProblem(409, error);
  if (error instanceof RuleError) return ruleProblem(422, error);
  if (error instanceof ImportRefusedError) return importProblem(error);
  if (isOutage(error)) {
    return new Problem({
      status: 503,
      detail: 'The database does not answer; nothing was changed. Try again shortly.',
      headers: { 'retry-after': '5' },
    });
  }
  return undefined;
}

/** A message that begins in lower case completes the sentence "<field> …". */
function ruleProblem(
  status: number,
  { field, message }: { field?: string | undefined; message: string },
): Problem {
  if (field === undefined) return new Problem({ status, detail: message });
  const detail = /^[a-z]/.test(message) ? `${field} ${message}` : message;
  return new Problem({ status, detail, errors: [{ field, detail: message }] });
}
