import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Where a script writes: results to standard output, progress and complaints to standard error. */
export interface Terminal {
  /** A person sees the progress line. */
  isWatched: boolean;
  line(text?: string): void;
  complain(text: string): void;
  /** Overwrites itself where a person watches; elsewhere it stays silent, so that logs hold results only. */
  progress(text: string): void;
  /** Ends the progress line. */
  settle(): void;
  style(format: Format, text: string): string;
}

/** Colours follow the stream and NO_COLOR, as node:util decides. */
export const terminal: Terminal = {
  isWatched: process.stderr.isTTY,
  line: (text = '') => {
    process.stdout.write(`${text}\n`);
  },
  complain: (text) => {
    process.stderr.write(`${text}\n`);
  },
  progress: (text) => {
    if (process.stderr.isTTY)
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns || 80) - 1)}`);
  },
  settle: () => {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  },
  style: (format, text) => styleText(format, text, { stream: process.stdout, validateStream: true }),
};
