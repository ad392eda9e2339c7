import type { RegistrationState } from '#livepeer';
import { toIsoTime } from '#platform';

/** The registration as `/health` and `/service-status` tell it. */
export const registrationView = ({ status, registeredAtMs, lastError }: RegistrationState) => ({
  state: status,
  registered_at: registeredAtMs === null ? null : toIsoTime(registeredAtMs),
  last_error: lastError,
});
