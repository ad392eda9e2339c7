import { exchange, parseJson } from './http-exchange.js';
import { valueAt } from './json-path.js';
import { type Probe, ProbeFailedError } from './probe.js';

export interface HttpSettings {
  type: 'http';
  url: string;
  /** What the answer's status must be one of. */
  status: readonly number[];
  /** With `equals`, the value at the path; without, that there is one which is not null. */
  json?: { path: string; equals?: string | number | boolean | null | undefined } | undefined;
}

/** A page answers with the right status and, if asked for, says the right thing. */
export class HttpProbe implements Probe {
  constructor(private readonly settings: HttpSettings) {}

  async check(signal: AbortSignal): Promise<void> {
    const { url, status, json } = this.settings;
    const answer = await exchange({ url, method: 'GET' }, signal);
    if (!status.includes(answer.status)) throw new ProbeFailedError(`status ${answer.status}`);
    if (!json) return;
    const { path, equals } = json;
    const value = valueAt(parseJson(answer.body), path);
    if (equals === undefined ? value === undefined || value === null : value !== equals) {
      throw new ProbeFailedError(`${path} is not ${equals === undefined ? 'there' : String(equals)}`);
    }
  }
}
