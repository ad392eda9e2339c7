import { StandardSchemaValidationPipe } from '@nestjs/common';

import { type FieldFault, Problem } from './problem.js';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** `['services', 2, 'up_ms']` → `services[2].up_ms` */
export function fieldPath(path: Issue['path'] = []): string {
  return path
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .reduce<string>((text, key) => {
      if (typeof key === 'number') return `${text}[${key}]`;
      return text === '' ? String(key) : `${text}.${String(key)}`;
    }, '');
}

export function invalidInput(issues: readonly Issue[]): Problem {
  const errors: FieldFault[] = issues
    .slice(0, 50)
    .map((issue) => ({ field: fieldPath(issue.path), detail: issue.message }));
  const detail = errors
    .map(({ field, detail }) => (field === '' ? detail : `${field}: ${detail}`))
    .join('; ');
  return new Problem({ status: 400, title: 'Invalid input', detail, errors });
}

export const validationPipe = () => new StandardSchemaValidationPipe({ exceptionFactory: invalidInput });
