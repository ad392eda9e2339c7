/**
 * JSON as Go's `encoding/json` reads and writes it. Node's parser will not do: Go takes `1` but not `1.0` for an int,
 * matches keys in any case, and its error texts reach the client.
 */
export type GoValue =
  | { kind: 'object'; entries: [string, GoValue][] }
  | { kind: 'array'; items: GoValue[] }
  | { kind: 'string'; value: string }
  | { kind: 'number'; literal: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'null' };

/** Its message is Go's text. */
export class GoJsonError extends Error {
  override readonly name = 'GoJsonError';
}

export function parseGoJson(text: string): GoValue {
  return new GoJsonParser(text).parse();
}

/** Go escapes these three, and two line separators, inside strings. */
export function encodeGoString(value: string): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

class GoJsonParser {
  private at = 0;

  constructor(private readonly text: string) {}

  parse(): GoValue {
    const value = this.value();
    this.skipSpace();
    if (this.at < this.text.length) this.unexpected('after top-level value');
    return value;
  }

  private value(): GoValue {
    this.skipSpace();
    const char = this.peek();
    if (char === '{') return this.object();
    if (char === '[') return this.array();
    if (char === '"') return { kind: 'string', value: this.string() };
    if (char === 't') return this.literal('true', { kind: 'bool', value: true });
    if (char === 'f') return this.literal('false', { kind: 'bool', value: false });
    if (char === 'n') return this.literal('null', { kind: 'null' });
    if (char === '-' || isDigit(char)) return this.number();
    return this.unexpected('looking for beginning of value');
  }

  private object(): GoValue {
    const entries: [string, GoValue][] = [];
    this.at += 1;
    this.skipSpace();
    if (this.peek() === '}') {
      this.at += 1;
      return { kind: 'object', entries };
    }
    for (;;) {
      this.skipSpace();
      if (this.peek() !== '"') this.unexpected('looking for beginning of object key string');
      const key = this.string();
      this.skipSpace();
      if (this.peek() !== ':') this.unexpected('after object key');
      this.at += 1;
      entries.push([key, this.value()]);
      if (this.closes('}', 'after object key:value pair')) return { kind: 'object', entries };
    }
  }

  private array(): GoValue {
    const items: GoValue[] = [];
    this.at += 1;
    this.skipSpace();
    if (this.peek() === ']') {
      this.at += 1;
      return { kind: 'array', items };
    }
    for (;;) {
      items.push(this.value());
      if (this.closes(']', 'after array element')) return { kind: 'array', items };
    }
  }

  private closes(bracket: string, place: string): boolean {
    this.skipSpace();
    const char = this.peek();
    if (char !== bracket && char !== ',') this.unexpected(place);
    this.at += 1;
    return char === bracket;
  }

  private string(): string {
    const start = this.at;
    this.at += 1;
    for (;;) {
      const char = this.peek();
      if (char < ' ') this.unexpected('in string literal');
      this.at += 1;
      if (char === '"') return JSON.parse(this.text.slice(start, this.at)) as string;
      if (char === '\\') this.escape();
    }
  }

  private escape(): void {
    const char = this.peek();
    if (!'bfnrt\\/"u'.includes(char)) this.unexpected('in string escape code');
    this.at += 1;
    if (char !== 'u') return;
    for (let digit = 0; digit < 4; digit += 1) {
      if (!/[0-9a-fA-F]/.test(this.peek())) this.unexpected('in \\u hexadecimal character escape');
      this.at += 1;
    }
  }

  private number(): GoValue {
    const start = this.at;
    if (this.peek() === '-') this.at += 1;
    if (this.peek() === '0') this.at += 1;
    else this.digits('in numeric literal');
    if (this.text[this.at] === '.') {
      this.at += 1;
      this.digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.text[this.at] ?? '')) {
      this.at += 1;
      if (/[+-]/.test(this.peek())) this.at += 1;
      this.digits('in exponent of numeric literal');
    }
    return { kind: 'number', literal: this.text.slice(start, this.at) };
  }

  private digits(place: string): void {
    if (!isDigit(this.peek())) this.unexpected(place);
    while (isDigit(this.text[this.at] ?? '')) this.at += 1;
  }

  private literal(word: string, value: GoValue): GoValue {
    for (const expected of word) {
      if (this.peek() !== expected) this.unexpected(`in literal ${word} (expecting '${expected}')`);
      this.at += 1;
    }
    return value;
  }

  private skipSpace(): void {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  private peek(): string {
    const char = this.text[this.at];
    if (char === undefined) throw new GoJsonError('unexpected end of JSON input');
    return char;
  }

  private unexpected(place: string): never {
    const char = this.peek();
    const quoted = char === "'" ? "'\\''" : char === '"' ? `'"'` : `'${JSON.stringify(char).slice(1, -1)}'`;
    throw new GoJsonError(`invalid character ${quoted} ${place}`);
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
