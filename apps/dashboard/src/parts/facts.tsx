import type { ComponentChildren } from 'preact';
import type { Answered } from '../house.js';
import { dollars, microUsd, shortHex } from '../format.js';
import type { Tone } from '../words.js';

export const Pill = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class="pill" data-tone={tone}>
    {children}
  </span>
);

/** Nothing stands back, so that the eye finds what is not nothing. */
export function Amount({ usd }: { usd: string }) {
  const amount = microUsd(usd);
  return <span class={amount === 0n ? 'nothing' : undefined}>{dollars(amount)}</span>;
}

interface HashProps {
  hex: string | null;
  explorer?: string | null | undefined;
  kind?: 'tx' | 'address' | 'block';
}

/** Short, with the whole of it for the pointer and the clipboard; a link where the chain has an explorer. */
export function Hash({ hex, explorer = null, kind = 'address' }: HashProps) {
  if (hex === null) return null;
  if (explorer === null)
    return (
      <span class="hash" title={hex}>
        {shortHex(hex)}
      </span>
    );
  return (
    <a class="hash" href={`${explorer}/${kind}/${hex}`} title={hex} rel="noreferrer noopener" target="_blank">
      {shortHex(hex)}
    </a>
  );
}

interface SectionProps {
  title: string;
  about?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export const Section = ({ title, about, actions, children }: SectionProps) => (
  <section class="section">
    <header>
      <h2>{title}</h2>
      {about !== undefined && <p>{about}</p>}
      {actions}
    </header>
    {children}
  </section>
);

/** What was last known, with the fault beside it; before the first answer a word that it is under way. */
export function Shown<T>({
  answer,
  children,
}: {
  answer: Answered<T>;
  children: (data: T) => ComponentChildren;
}) {
  return (
    <>
      {answer.fault !== null && (
        <p class="fault" role="alert">
          {answer.fault}{' '}
          <button type="button" class="plain" onClick={answer.reload}>
            Try again
          </button>
        </p>
      )}
      {answer.data === null ? answer.fault === null && <p class="muted">Asking …</p> : children(answer.data)}
    </>
  );
}

export function Choice<V extends string>({
  label,
  value,
  of,
  onChoose,
}: {
  label: string;
  value: V;
  of: readonly (readonly [V, string])[];
  onChoose: (value: V) => void;
}) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {of.map(([each, words]) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === value}
          onClick={() => {
            onChoose(each);
          }}
        >
          {words}
        </button>
      ))}
    </div>
  );
}
