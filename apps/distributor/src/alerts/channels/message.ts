import type { AlertEvent } from '#payments';

/** What every channel for people says of an event. */
export interface Message {
  /** `CRITICAL: The treasury runs out of money` */
  headline: string;
  text: string;
  /** Name and value, in this order. */
  facts: [string, string][];
  /** How it should look: bad, still bad, good again, or neither. */
  tone: 'critical' | 'warning' | 'info' | 'good';
}

/** The section of docs/operations.md about this kind. */
export const runbookOf = (kind: string, runbookUrl: string | undefined): string =>
  `${runbookUrl ?? 'docs/operations.md'}#${kind}`;

export function messageOf({ event, alert, id }: AlertEvent, runbookUrl: string | undefined): Message {
  const isOver = event === 'resolved';
  const word = isOver
    ? 'RESOLVED'
    : event === 'reminder'
      ? `STILL ${alert.severity.toUpperCase()}`
      : event === 'test'
        ? 'TEST'
        : alert.severity.toUpperCase();
  const closed = alert.closed_by === null ? [] : [['Closed by', closedBy(alert)] satisfies [string, string]];
  const end: [string, string][] =
    isOver && alert.resolved_at !== null ? [['Over since', alert.resolved_at], ...closed] : [];
  return {
    headline: `${word}: ${alert.title}`,
    text: alert.text,
    facts: [
      // First what must survive when the rest is cut.
      ['Kind', alert.kind],
      ['Event', id],
      ['About', alert.subject],
      ['Since', alert.opened_at],
      ...end,
      ['What to do', runbookOf(alert.kind, runbookUrl)],
    ],
    tone: isOver ? 'good' : event === 'test' ? 'info' : alert.severity,
  };
}

const closedBy = ({ closed_by, closed_reason }: AlertEvent['alert']): string =>
  `${closed_by ?? ''}: ${closed_reason ?? ''}`;

/** Cut to at most `length` characters, with a sign that it was. Never through a surrogate pair. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
