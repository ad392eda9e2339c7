/** One message of PostgreSQL's frontend protocol; the first of a connection has no type. */
export interface FrontendMessage {
  type: string;
  bytes: Buffer;
}

const lengthBytes = 4;

/** Cuts what a client sends into messages. */
export class FrontendMessages {
  private rest: Buffer = Buffer.alloc(0);
  private hasStarted = false;

  take(chunk: Buffer): FrontendMessage[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const messages: FrontendMessage[] = [];
    for (let message = this.next(); message; message = this.next()) messages.push(message);
    return messages;
  }

  private next(): FrontendMessage | undefined {
    const typeBytes = this.hasStarted ? 1 : 0;
    if (this.rest.length < typeBytes + lengthBytes) return undefined;
    const end = typeBytes + this.rest.readUInt32BE(typeBytes);
    if (this.rest.length < end) return undefined;
    const bytes = this.rest.subarray(0, end);
    this.rest = this.rest.subarray(end);
    const type = this.hasStarted ? String.fromCharCode(bytes[0] ?? 0) : 'startup';
    this.hasStarted = true;
    return { type, bytes };
  }
}

const textFrom = (bytes: Buffer, start: number): string => {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end === -1 ? bytes.length : end);
};

/** The SQL of a query or of a statement that is prepared, else undefined. */
export function sqlOf({ type, bytes }: FrontendMessage): string | undefined {
  const body = 1 + lengthBytes;
  if (type === 'Q') return textFrom(bytes, body);
  if (type === 'P') return textFrom(bytes, bytes.indexOf(0, body) + 1);
  return undefined;
}

/** Everything that is bound to the statement before it, as text with the lengths between. */
export const parametersOf = ({ type, bytes }: FrontendMessage): string | undefined =>
  type === 'B' ? bytes.toString('latin1') : undefined;
