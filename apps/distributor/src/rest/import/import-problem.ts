import type { ImportRefusedError } from '#payments';
import { Problem } from '#platform';

/** Named in the answer; the others are counted. */
const NAMED = 200;

/** Every fault of every row; the status is that of the worst: not understood, against a rule, in conflict. */
export function importProblem({ faults }: ImportRefusedError): Problem {
  const has = (kind: string) => faults.some((fault) => fault.kind === kind);
  const rows = new Set(faults.map(({ row }) => row)).size;
  return new Problem({
    status: has('format') ? 400 : has('rule') ? 422 : 409,
    detail:
      `${rows} of the rows ${rows === 1 ? 'is' : 'are'} at fault; nothing was imported` +
      (faults.length > NAMED ? `. The first ${NAMED} of ${faults.length} faults are named` : ''),
    errors: faults.slice(0, NAMED).map(({ row, field, detail }) => ({
      field: field === '' ? `rows[${row}]` : `rows[${row}].${field}`,
      detail,
    })),
    extensions: { fault_count: faults.length },
  });
}
