import { request } from 'undici';
import { z } from 'zod';

import { errorCode } from '#platform';

import { RpcRefusal, RpcSilence } from './rpc-error.js';
import { withoutKey } from './without-key.js';

const answerSchema = z.union([
  z.object({ error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }) }),
  z.object({ result: z.unknown() }),
]);

/** Logs of a whole range are the largest answers that are asked for. */
const answerLimitBytes = 64 * 1024 * 1024;

const reasonOf = (error: unknown): string =>
  errorCode(error) ?? (error instanceof Error ? error.message : String(error));

/**
 * One JSON-RPC node. One request for one question, never batched, never repeated here: whether a question may be
 * asked again is for those to decide who know what it does.
 */
export class RpcEndpoint {
  private nextId = 1;
  /** Host of the node, for messages. */
  readonly name: string;

  constructor(
    private readonly url: string,
    private readonly timeoutMs = 5_000,
  ) {
    this.name = new URL(url).host;
  }

  /** @throws RpcRefusal when the node says no, RpcSilence when it says nothing of use */
  async call<S extends z.ZodType>(
    method: string,
    parameters: readonly unknown[],
    result: S,
    signal?: AbortSignal,
  ): Promise<z.output<S>> {
    const answer = answerSchema.safeParse(await this.post(method, parameters, signal));
    if (!answer.success) throw new RpcSilence(method, this.name, 'the answer is not JSON-RPC');
    if ('error' in answer.data) {
      const { code, message, data } = answer.data.error;
      throw new RpcRefusal(method, this.name, code, withoutKey(message, this.url), data);
    }
    const parsed = result.safeParse(answer.data.result);
    if (!parsed.success) {
      throw new RpcSilence(method, this.name, `an answer of another shape: ${z.prettifyError(parsed.error)}`);
    }
    return parsed.data;
  }

  private async post(method: string, parameters: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    const limit = AbortSignal.timeout(this.timeoutMs);
    try {
      const { statusCode, headers, body } = await request(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: this.nextId++, method, params: parameters }),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      // Some nodes send a JSON-RPC error with status 4xx; a status that means "later" is silence whatever it carries.
      if (
        statusCode === 429 ||
        statusCode >= 500 ||
        Number(headers['content-length'] ?? 0) > answerLimitBytes
      ) {
        await body.dump();
        throw new RpcSilence(method, this.name, `HTTP ${statusCode}`);
      }
      return await body.json();
    } catch (error) {
      if (error instanceof RpcSilence) throw error;
      const reason = limit.aborted ? `no answer within ${this.timeoutMs} ms` : reasonOf(error);
      throw new RpcSilence(method, this.name, reason, { cause: error });
    }
  }
}
