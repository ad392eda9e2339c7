import type { WindowUptime } from './window.js';

/** Windows that are asked again and again: the last minute by everybody, a period by each retry. */
const capacity = 64;

/** Answers about windows. What lies before the watermark never changes, so that an answer is right for ever. */
export class AnsweredWindows {
  private readonly answers = new Map<string, WindowUptime>();

  get(fromMs: number, toMs: number, measure: () => WindowUptime): WindowUptime {
    const key = `${fromMs}-${toMs}`;
    const known = this.answers.get(key);
    if (known) return known;
    const answer = measure();
    const [oldest] = this.answers.keys();
    if (oldest !== undefined && this.answers.size >= capacity) this.answers.delete(oldest);
    this.answers.set(key, answer);
    return answer;
  }
}
