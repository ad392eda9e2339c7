import { type Operation, parametersIn } from '#platform/testing';

const prefix = '/api/v1/';
export const payeePrefix = '/api/v1/payee';

/** Routes that anyone may ask. */
export const isPublic = ({ name }: Operation): boolean =>
  !name.includes(prefix) || /auth\/(login|siwe)|GET \/api\/v1\/status$/.test(name);

/** Routes that a payee may ask, and nobody else. */
export const isForPayee = ({ path }: Operation): boolean => path.startsWith(payeePrefix);

const answers = (operation: Operation, type: string): boolean =>
  Object.values(operation.responses).some(({ content }) => type in content);

export const isJson = (operation: Operation): boolean => answers(operation, 'application/json');
export const isCsv = (operation: Operation): boolean => answers(operation, 'text/csv');
export const isStream = (operation: Operation): boolean => answers(operation, 'text/event-stream');
export const isList = (operation: Operation): boolean =>
  parametersIn(operation, 'query').some(({ name }) => name === 'cursor');

/** The routes of the document, each in every set that it belongs to. */
export function routesOf(operations: readonly Operation[]) {
  const api = operations.filter(({ path }) => path.startsWith(prefix));
  const guarded = api.filter((operation) => !isPublic(operation));
  const reading = guarded.filter(({ method }) => method === 'GET');
  return {
    api,
    open: operations.filter(isPublic),
    guarded,
    reading,
    changing: guarded.filter(({ method }) => method !== 'GET'),
    lists: reading.filter(isList),
    files: reading.filter(isCsv),
  };
}

export type Routes = ReturnType<typeof routesOf>;
