import { variables } from '#platform';

export const payeeVariables = {
  /** Where people reach the dashboard: the domain that a payee signs in to. */
  PUBLIC_URL: variables.httpUrl().optional(),
};
