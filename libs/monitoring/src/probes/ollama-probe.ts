import { z } from 'zod';

import { exchange, parseJson } from './http-exchange.js';
import { type Probe, ProbeFailedError } from './probe.js';

export interface OllamaSettings {
  type: 'ollama';
  /** Without a path. */
  url: string;
  /** With its tag; without one the tag is `latest`. */
  model?: string | undefined;
  /** 64 hexadecimal digits, with or without `sha256:`. */
  digest?: string | undefined;
}

const tagsSchema = z.object({
  models: z.array(z.object({ name: z.string(), digest: z.string().default('') })).nullable(),
});

/** A colon after the last slash: before it there may be the port of a registry. */
const withTag = (model: string) => (/:[^/]*$/.test(model) ? model : `${model}:latest`);

const bare = (digest: string) => digest.toLowerCase().replace(/^sha256:/, '');

/** The model is there to be run, under its name or its digest, or both. */
export class OllamaProbe implements Probe {
  constructor(private readonly settings: OllamaSettings) {}

  async check(signal: AbortSignal): Promise<void> {
    const { url, model, digest } = this.settings;
    const { status, body } = await exchange({ url: `${url}/api/tags`, method: 'GET' }, signal);
    if (status !== 200) throw new ProbeFailedError(`status ${status}`);
    const tags = tagsSchema.safeParse(parseJson(body));
    if (!tags.success) throw new ProbeFailedError('answer not understood');
    const isListed = (tags.data.models ?? []).some(
      (listed) =>
        (model === undefined || withTag(listed.name) === withTag(model)) &&
        (digest === undefined || bare(listed.digest) === bare(digest)),
    );
    if (!isListed) throw new ProbeFailedError('model not listed');
  }
}
