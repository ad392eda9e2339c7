import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

/** One thing wrong with a file, and where; lines and columns begin at 1. */
export interface FileFault {
  line: number;
  column: number;
  /** `services.redis_scb.probe.port`; empty where the file as a whole is meant. */
  path: string;
  message: string;
}

type Path = readonly PropertyKey[];

const kinds: Readonly<Record<string, string>> = { object: 'a mapping', record: 'a mapping', array: 'a list' };

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  // Zod's own words begin like this; ours stand in the schema.
  const isOurs = !issue.message.startsWith('Invalid input');
  return issue.code !== 'invalid_type' || isOurs
    ? issue.message
    : `must be ${kinds[issue.expected] ?? issue.expected}`;
}

/** A YAML text with the place of every value in it. */
export class YamlText {
  private readonly lines = new LineCounter();
  private readonly document: Document;

  constructor(text: string) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
  }

  /** What keeps it from being YAML; a tag that is not understood too, since its value is not what it seems. */
  get faults(): FileFault[] {
    const { errors, warnings } = this.document;
    return [...errors, ...warnings].map(({ pos, message }) => ({ ...this.at(pos[0]), path: '', message }));
  }

  get value(): unknown {
    const value: unknown = this.document.toJS();
    return value;
  }

  /** The faults that a schema found, each where it stands; of what is absent, where it belongs. */
  faultsOf(issues: readonly z.core.$ZodIssue[]): FileFault[] {
    return issues.flatMap((issue) => {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => this.fault([...issue.path, key], 'is not known here'));
      }
      const isAbsent = issue.code === 'invalid_type' && !this.document.hasIn(issue.path);
      return [this.fault(issue.path, isAbsent ? 'is required' : messageOf(issue))];
    });
  }

  fault(path: Path, message: string): FileFault {
    return { ...this.at(this.offsetOf(path)), path: path.map(String).join('.'), message };
  }

  /** Where the key stands, or the item of a list; else the nearest around it. */
  private offsetOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const key = path[length - 1];
      const around = this.document.getIn(path.slice(0, length - 1), true) ?? this.document.contents;
      const pair = isMap(around)
        ? around.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
        : undefined;
      const node = isNode(pair?.key) ? pair.key : this.document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return this.document.contents?.range?.[0] ?? 0;
  }

  private at(offset: number) {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}
