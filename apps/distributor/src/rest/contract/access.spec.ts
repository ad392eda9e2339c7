import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, documentationFaults, type Operation } from '#platform/testing';
import { type ContractRig, startContractRig } from '../../testing/contract/contract-rig.js';
import { problemFaults } from '../../testing/contract/faults.js';
import { isForPayee, isPublic } from '../../testing/contract/routes.js';
import { nobody } from '../../testing/rest-rig.js';
import type { Answer } from '../../testing/running-distributor.js';

const refusals = ['nobody', 'nonsense', 'forged', 'expired'] as const;
const people = ['viewer', 'admin', 'payee'] as const;
type Who = (typeof refusals)[number] | (typeof people)[number];

/** 401, 403, or anything else. */
function dueTo(who: Who, operation: Operation): 401 | 403 | 'let in' {
  if (isPublic(operation)) return 'let in';
  if (who !== 'viewer' && who !== 'admin' && who !== 'payee') return 401;
  if ((who === 'payee') !== isForPayee(operation)) return 403;
  return who === 'viewer' && operation.method !== 'GET' ? 403 : 'let in';
}

describe('every route of the OpenAPI document', () => {
  let rig: ContractRig;
  let tokens: Record<Who, string | undefined>;

  beforeAll(async () => {
    rig = await startContractRig(await createTestDatabase());
    tokens = {
      nobody: undefined,
      nonsense: 'nonsense',
      forged: rig.token.replace(/\.[^.]+$/, '.c2lnbmF0dXJl'),
      ...{ expired: rig.expired, viewer: rig.viewer, admin: rig.token, payee: rig.payee },
    };
  });

  afterAll(async () => {
    await rig.close();
  });

  it('is explained, has types to the last field, and allows no other fields', () => {
    expect(rig.operations.length).toBeGreaterThan(60);
    expect(documentationFaults(rig.document, rig.operations)).toEqual([]);
  });

  it('names the errors that it may answer', () => {
    const faults = rig.routes.guarded.flatMap((operation) => {
      const { name, responses, parameters, requestBody } = operation;
      const due = ['401', '403', '503'];
      if (parameters.length > 0 || requestBody) due.push('400');
      if (parameters.some((one) => one.in === 'path')) due.push('404');
      return due.filter((status) => !(status in responses)).map((status) => `${name}: ${status}`);
    });
    expect(faults).toEqual([]);
  });

  /** A stream never ends: of what is no error only the head is looked at. */
  async function ask(operation: Operation, token: string | undefined): Promise<Answer> {
    const answer = await fetch(rig.distributor.url + operation.path.replace(/\{\w+\}/, nobody), {
      method: operation.method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(operation.requestBody && { 'content-type': 'application/json' }),
      },
      ...(operation.requestBody && { body: '{}' }),
    });
    const { status, headers } = answer;
    if (status >= 400) return { status, headers, body: await answer.json() };
    await answer.body?.cancel();
    return { status, headers, body: undefined };
  }

  it.each([...refusals, ...people])('lets in whom it must, and nobody else: %s', async (who) => {
    const faults: string[] = [];
    for (const operation of rig.routes.api) {
      const due = dueTo(who, operation);
      const answer = await ask(operation, tokens[who]);
      const { status, headers } = answer;
      const isAsDue = due === 'let in' ? status !== 401 && status !== 403 : status === due;
      if (!isAsDue) faults.push(`${operation.name}: ${status}, not ${due}`);
      if (status >= 500) faults.push(`${operation.name}: ${status}`);
      if (status === 401 && !headers.has('www-authenticate')) {
        faults.push(`${operation.name}: does not say how to sign in`);
      }
      if (status >= 400) faults.push(...problemFaults(rig, operation, who, answer, status));
    }
    expect(faults).toEqual([]);
  });
});
