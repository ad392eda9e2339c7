/** On stderr, so that the tables alone can be piped; over itself on a terminal, else line by line. */
export function startProgress(stream: NodeJS.WriteStream = process.stderr) {
  const startedAt = performance.now();
  return {
    show(text: string): void {
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      const line = `${String(seconds).padStart(4)} s  ${text}`;
      if (stream.isTTY) stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || 80) - 1)}`);
      else stream.write(`${line}\n`);
    },
    clear(): void {
      if (stream.isTTY) stream.write('\r\x1b[2K');
    },
  };
}
