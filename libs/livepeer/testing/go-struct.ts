import { GoJsonError, parseGoJson } from './go-json.js';
import type { GoValue } from './go-json.js';

/** A Go struct with JSON tags: its name in error texts and its fields by tag. */
export interface GoStruct<Fields extends Record<string, GoType>> {
  name: string;
  fields: Fields;
}

type GoType = 'string' | 'int' | 'int64' | 'bool' | '[]string';
interface GoTypes {
  string: string;
  int: number;
  int64: number;
  bool: boolean;
  '[]string': string[];
}
type Decoded<Fields extends Record<string, GoType>> = { [Key in keyof Fields]: GoTypes[Fields[Key]] };

/**
 * `json.Unmarshal` into a struct: keys in any case, the last of equal ones wins, unknown ones are ignored, `null` changes
 * nothing, and what is absent stays zero.
 * @throws {GoJsonError} with Go's text
 */
export function decodeGoStruct<Fields extends Record<string, GoType>>(
  text: string,
  struct: GoStruct<Fields>,
): Decoded<Fields> {
  return decodeValue(parseGoJson(text), struct);
}

/** A struct inside an already parsed value. */
export function decodeValue<Fields extends Record<string, GoType>>(
  value: GoValue,
  struct: GoStruct<Fields>,
): Decoded<Fields> {
  const decoded: Record<string, unknown> = {};
  for (const [tag, type] of Object.entries(struct.fields)) decoded[tag] = zeroOf(type);
  for (const [key, member] of entriesOf(value, struct.name)) {
    const tag = Object.keys(struct.fields).find((name) => name.toLowerCase() === key.toLowerCase());
    const type = tag === undefined ? undefined : struct.fields[tag];
    if (tag === undefined || type === undefined || member.kind === 'null') continue;
    decoded[tag] = decodeMember(member, type, `Go struct field ${struct.name}.${tag}`);
  }
  return decoded as Decoded<Fields>;
}

/** The members of an object; none for `null`. @throws {GoJsonError} for anything else */
export function entriesOf(value: GoValue, structName: string): [string, GoValue][] {
  if (value.kind === 'object') return value.entries;
  if (value.kind === 'null') return [];
  throw mismatch(value, 'Go value', `server.${structName}`);
}

function decodeMember(value: GoValue, type: GoType, place: string): unknown {
  switch (type) {
    case 'string':
      if (value.kind === 'string') return value.value;
      break;
    case 'bool':
      if (value.kind === 'bool') return value.value;
      break;
    case 'int':
    case 'int64':
      if (value.kind === 'number' && isInt64(value.literal)) return Number(value.literal);
      break;
    case '[]string':
      if (value.kind === 'array') return value.items.map((item) => decodeMember(item, 'string', place));
      break;
  }
  throw mismatch(value, place, type);
}

function isInt64(literal: string): boolean {
  return /^-?\d+$/.test(literal) && BigInt.asIntN(64, BigInt(literal)) === BigInt(literal);
}

function zeroOf(type: GoType): unknown {
  switch (type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int':
    case 'int64':
      return 0;
    case '[]string':
      return [];
  }
}

function mismatch(value: GoValue, place: string, type: string): GoJsonError {
  const found = value.kind === 'number' && type.startsWith('int') ? `number ${value.literal}` : value.kind;
  return new GoJsonError(`json: cannot unmarshal ${found} into ${place} of type ${type}`);
}
