import { readFile, writeFile } from 'node:fs/promises';

const markers = (name: string) => ({ begin: `<!-- bench:${name} -->`, end: `<!-- /bench:${name} -->` });

/** Puts the text between the benchmark's two markers. @throws Error when the document lacks them */
export async function writeBetweenMarkers(file: URL, name: string, text: string): Promise<void> {
  const { begin, end } = markers(name);
  const document = await readFile(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file.pathname} lacks the markers ${begin} and ${end}`);
  await writeFile(file, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
}
