import { HttpException } from '@nestjs/common';
import { STATUS_CODES } from 'node:http';

export interface FieldFault {
  /** Where the fault is, as a path: `services[2].up_ms`, `limit`. */
  field: string;
  detail: string;
}

export interface ProblemOptions {
  status: number;
  detail: string;
  title?: string;
  errors?: readonly FieldFault[];
  /** Extension members of RFC 9457, such as `watermark`. */
  extensions?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
}

/** The body of an `application/problem+json` answer (RFC 9457). */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: readonly FieldFault[];
  [extension: string]: unknown;
}

export function problemDocument({
  status,
  detail,
  title,
  errors,
  extensions,
}: ProblemOptions): ProblemDocument {
  return {
    type: 'about:blank',
    title: title ?? STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    ...(errors && errors.length > 0 && { errors }),
    ...extensions,
  };
}

/** An error that an app answers as it stands, as a problem document. */
export class Problem extends HttpException {
  readonly headers: Readonly<Record<string, string>>;

  constructor(options: ProblemOptions) {
    super(problemDocument(options), options.status);
    this.message = options.detail;
    this.headers = options.headers ?? {};
  }

  document(): ProblemDocument {
    const response = this.getResponse();
    if (typeof response === 'string') throw new TypeError('a problem always carries a document');
    return response as ProblemDocument;
  }
}
