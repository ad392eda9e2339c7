import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Refusal } from '../api/client.js';

interface FieldProps {
  label: string;
  name: string;
  hint?: ComponentChildren;
  fault?: string | undefined;
  value?: string;
  type?: 'text' | 'password' | 'datetime-local';
  required?: boolean;
  placeholder?: string;
  inputMode?: 'decimal' | 'text';
  autocomplete?: string;
}

export function Field({
  label,
  name,
  hint,
  fault,
  value,
  type = 'text',
  required = false,
  ...rest
}: FieldProps) {
  const id = useId();
  const common = {
    ...rest,
    id,
    name,
    required,
    defaultValue: value ?? '',
    'aria-describedby': `${id}-about`,
    'aria-invalid': fault !== undefined,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === 'password' && <input {...common} type="password" />}
      {type === 'datetime-local' && <input {...common} type="datetime-local" />}
      {type === 'text' && <input {...common} type="text" />}
      <div id={`${id}-about`}>
        {fault !== undefined && <p class="wrong">{fault}</p>}
        {hint !== undefined && <p class="hint">{hint}</p>}
      </div>
    </div>
  );
}

interface DialogProps {
  title: string;
  submit: string;
  danger?: boolean;
  onClose: () => void;
  /** Resolves when it is done; a refusal is shown beside its field. */
  onSubmit: (values: Record<string, string>) => Promise<unknown>;
  children: (faults: Readonly<Record<string, string>>) => ComponentChildren;
}

/** A form over the page. The platform's own dialog keeps the focus inside, closes by Escape and gives the focus back. */
export function Dialog({ title, submit, danger = false, onClose, onSubmit, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [fault, setFault] = useState<{ text: string; fields: Readonly<Record<string, string>> } | null>(null);
  const [busy, setBusy] = useState(false);
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const send = async (form: HTMLFormElement) => {
    setBusy(true);
    setFault(null);
    try {
      const values: Record<string, string> = {};
      for (const [name, value] of new FormData(form))
        values[name] = typeof value === 'string' ? value.trim() : '';
      await onSubmit(values);
      dialog.current?.close();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      setFault({ text, fields: error instanceof Refusal ? error.fields : {} });
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClose}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget);
        }}
      >
        <h2 id={heading}>{title}</h2>
        {children(fault?.fields ?? {})}
        {fault !== null && (
          <p class="fault" role="alert">
            {fault.text}
          </p>
        )}
        <div class="actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={danger ? 'button danger' : 'button primary'} disabled={busy}>
            {submit}
          </button>
        </div>
      </form>
    </dialog>
  );
}
