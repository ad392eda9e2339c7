import type { CapabilityRegistration } from '#livepeer';
import type { Monitor } from '#monitoring';
import { type HealthCheck, toIsoTime } from '#platform';

import { registrationView } from '../jobs/registration-view.js';

const isoOrNull = (ms: number | null) => (ms === null ? null : toIsoTime(ms));

/** Ready while the Engine is watched and the journal can be written; the registration is told, and gates nothing. */
export function workerHealth(monitor: Monitor, registration: CapabilityRegistration): HealthCheck[] {
  return [
    {
      name: 'engine',
      check() {
        const { watched, id, version, lastError, sinceMs } = monitor.engine();
        if (!watched)
          throw new Error(`the Docker Engine is not watched: ${lastError ?? 'it has not answered yet'}`);
        return { id, version, since: isoOrNull(sinceMs), watermark: toIsoTime(monitor.watermarkMs()) };
      },
    },
    {
      name: 'journal',
      check() {
        const { writable, lastError, sealedUntilMs } = monitor.journal();
        if (!writable) throw new Error(`the journal cannot be written: ${lastError ?? 'it is not open'}`);
        return { sealed_until: isoOrNull(sealedUntilMs) };
      },
    },
    {
      name: 'registration',
      check() {
        return registrationView(registration.state());
      },
    },
  ];
}
