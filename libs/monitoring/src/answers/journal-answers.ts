import type { Journal, JournalHealth } from '../journal/journal.js';
import type { SealedMinute } from '../journal/minute-chain.js';
import { AnsweredWindows } from './answered-windows.js';
import { measureUptime, sealedMinutes, type WindowUptime } from './window.js';

const notOpen: JournalHealth = {
  writable: false,
  lastError: 'not open',
  sealedUntilMs: null,
  keptSinceMs: null,
};

/** What the journal says, while there is one. */
export class JournalAnswers {
  private readonly answered = new AnsweredWindows();
  private journal: Journal | undefined;

  open(journal: Journal): void {
    this.journal = journal;
  }

  close(): void {
    this.journal?.close();
    this.journal = undefined;
  }

  watermarkMs(): number {
    return this.journal?.watermarkMs ?? 0;
  }

  /** @throws BeyondWatermarkError, InvalidWindowError, CompactedError */
  window(fromMs: number, toMs: number): WindowUptime {
    return this.answered.get(fromMs, toMs, () => measureUptime(this.journal, fromMs, toMs));
  }

  /** @throws BeyondWatermarkError, InvalidWindowError */
  sealedMinutes(fromMs: number, toMs: number): Iterable<SealedMinute[]> {
    return sealedMinutes(this.journal, fromMs, toMs);
  }

  health(): JournalHealth {
    return this.journal?.health() ?? notOpen;
  }
}
