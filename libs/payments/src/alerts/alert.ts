import type { PageRequest } from '../books/page.js';
import type { AlertKind, Severity } from './alert-kinds.js';

export interface AlertKey {
  kind: AlertKind;
  /** What it is about: `orchestrator/<id>`, `orchestrator/<id>/service/<name>`, `payout/<id>`, `settlement`, … */
  subject: string;
}

export interface Trouble extends AlertKey {
  /** One sentence for people. */
  text: string;
  /** JSON values and bigints. */
  details?: Readonly<Record<string, unknown>>;
}

export interface Alert extends AlertKey {
  id: string;
  severity: Severity;
  text: string;
  details: unknown;
  openedAt: Date;
  lastSeenAt: Date;
  seenCount: number;
  /** Null while it is open. */
  resolvedAt: Date | null;
  /** When people were last told that it is open; null while they were not. */
  notifiedAt: Date | null;
  /** The end of the silence in force; null without one. */
  silencedUntil: Date | null;
  /** Who closed it by hand, and why; null when it ended by itself. */
  closedBy: string | null;
  closedReason: string | null;
}

export interface AlertFilter extends PageRequest {
  state?: 'open' | 'resolved' | undefined;
  kind?: AlertKind | undefined;
  subject?: string | undefined;
}

export const keyOf = ({ kind, subject }: AlertKey): string => `${kind} ${subject}`;
