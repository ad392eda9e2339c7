export interface StreamEvent {
  event: string;
  data: string;
}

/** Takes the text of an event stream apart (HTML, "Server-sent events"); what is not ended yet waits for more. */
export function eventReader(found: (event: StreamEvent) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
          .join('\n');
      found({ event: field('event') || 'message', data: field('data') });
    }
  };
}
