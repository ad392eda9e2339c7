import { Field } from '../parts/form.js';

/** A local date and time of the form → ISO in UTC; nothing: the next period. */
export const effectiveFromOf = (typed: string | undefined): { effective_from?: string } =>
  typed === undefined || typed === '' ? {} : { effective_from: new Date(typed).toISOString() };

export const EffectiveFrom = ({ fault }: { fault: string | undefined }) => (
  <Field
    label="From"
    name="effective_from"
    type="datetime-local"
    fault={fault}
    hint="A period’s boundary to come, in your time. Empty: the next period. The past keeps what was in force."
  />
);
