import type { Operation } from '#platform/testing';
import { problem } from '../rest-rig.js';
import type { Answer } from '../running-distributor.js';
import type { ContractRig } from './contract-rig.js';

/** One sentence for each thing that is not as it must be, over all of these routes: a test shows them all at once. */
export async function faultsOf(
  operations: readonly Operation[],
  check: (operation: Operation) => Promise<string[]>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const operation of operations) faults.push(...(await check(operation)));
  return faults;
}

/** An answer that must be a problem document of this status, and one that the document announces. */
export function problemFaults(
  { schemas }: ContractRig,
  operation: Operation,
  what: string,
  answer: Answer,
  status: number,
): string[] {
  if (answer.status !== status) {
    return [
      `${operation.name}: ${what} answered ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`,
    ];
  }
  const faults = schemas.faultsOf(operation, answer, `${operation.name} (${what})`);
  return problem.safeParse(answer.body).success
    ? faults
    : [...faults, `${operation.name}: ${what} is no problem`];
}

/** As `problemFaults`, and it must name these fields, or a place inside of them. */
export function namingFaults(
  rig: ContractRig,
  operation: Operation,
  what: string,
  { answer, status, fields }: { answer: Answer; status: number; fields: readonly string[] },
): string[] {
  const named = problem.safeParse(answer.body).data?.errors?.map(({ field }) => field) ?? [];
  const isNamed = (field: string) =>
    named.some((one) => one === field || one.startsWith(`${field}[`) || one.startsWith(`${field}.`));
  return [
    ...problemFaults(rig, operation, what, answer, status),
    ...fields
      .filter((field) => !isNamed(field))
      .map((field) => `${operation.name}: ${what} does not name ${field}`),
  ];
}
