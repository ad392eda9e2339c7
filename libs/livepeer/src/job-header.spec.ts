import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { JobHeaderError, decodeJobHeader, encodeJobHeader, encodeParameters } from './job-header.js';

/** Section 6.1 of the reference. */
const h1 =
  'eyJpZCI6ImpvYi0wMDAxIiwicmVxdWVzdCI6IntcInJ1blwiOlwiYWdlbnQtbmV0XCJ9IiwicGFyYW1ldGVycyI6Int9IiwiY2FwYWJpbGl0eSI6ImFnZW50LW5ldCIsInRpbWVvdXRfc2Vjb25kcyI6MzB9';
const h2 =
  'eyJpZCI6ImpvYi0wMDAyIiwicmVxdWVzdCI6Int9IiwicGFyYW1ldGVycyI6IntcIm9yY2hlc3RyYXRvcnNcIjp7XCJpbmNsdWRlXCI6W1wiaHR0cHM6Ly9saXZlcGVlci1vcmNoZXN0cmF0b3I6OTk5NVwiXX19IiwiY2FwYWJpbGl0eSI6ImFnZW50LW5ldCIsInRpbWVvdXRfc2Vjb25kcyI6MzB9';
const h3 =
  'eyJpZCI6ImpvYi0wMDAzIiwicmVxdWVzdCI6Int9IiwicGFyYW1ldGVycyI6IntcIm9yY2hlc3RyYXRvcnNcIjp7XCJleGNsdWRlXCI6W1wiaHR0cHM6Ly9vcmNoLWE6OTk5NVwiLFwiaHR0cHM6Ly9vcmNoLWI6OTk5NVwiXX19IiwiY2FwYWJpbGl0eSI6ImFnZW50LW5ldCIsInRpbWVvdXRfc2Vjb25kcyI6MTB9';
const h4 =
  'eyJyZXF1ZXN0IjogIntcInJ1blwiOiBcImFnZW50LW5ldFwifSIsICJwYXJhbWV0ZXJzIjogInt9IiwgImNhcGFiaWxpdHkiOiAiYWdlbnQtbmV0IiwgInRpbWVvdXRfc2Vjb25kcyI6IDEwfQ==';
const h5 =
  'eyJyZXF1ZXN0IjogIntcInJ1blwiOlwiZWNob1wifSIsICJjYXBhYmlsaXR5IjogInRleHQtcmV2ZXJzYWwiLCAidGltZW91dF9zZWNvbmRzIjogMzB9';

const job1 = {
  id: 'job-0001',
  request: '{"run":"agent-net"}',
  parameters: '{}',
  capability: 'agent-net',
  timeoutSeconds: 30,
};
const job2 = {
  ...job1,
  id: 'job-0002',
  request: '{}',
  parameters: encodeParameters({ include: ['https://livepeer-orchestrator:9995'] }),
};
const job3 = {
  ...job2,
  id: 'job-0003',
  parameters: encodeParameters({ exclude: ['https://orch-a:9995', 'https://orch-b:9995'] }),
  timeoutSeconds: 10,
};

describe('the job header', () => {
  it.each([
    ['H1', job1, h1],
    ['H2', job2, h2],
    ['H3', job3, h3],
  ])('is the golden example %s, byte for byte, and back', (_name, job, header) => {
    expect(encodeJobHeader(job)).toBe(header);
    expect(decodeJobHeader(header)).toEqual(job);
  });

  it('of the existing Python sender (H4) is read, without an id', () => {
    expect(decodeJobHeader(h4)).toEqual({
      request: '{"run": "agent-net"}',
      parameters: '{}',
      capability: 'agent-net',
      timeoutSeconds: 10,
    });
  });

  it('without parameters (H5) is refused by the name of the field', () => {
    expect(() => decodeJobHeader(h5)).toThrow(JobHeaderError);
    expect(() => decodeJobHeader(h5)).toThrow(/parameters/);
  });

  it('is encoded and read back whatever its texts hold', () => {
    fc.assert(
      fc.property(
        fc.record({
          id: fc.string({ unit: 'binary' }),
          request: fc.object().map((value) => JSON.stringify(value)),
          parameters: fc.object().map((value) => JSON.stringify(value)),
          capability: fc.string({ unit: 'binary', minLength: 1 }),
          timeoutSeconds: fc.integer({ min: 1, max: 86_400 }),
        }),
        (job) => {
          expect(decodeJobHeader(encodeJobHeader(job))).toEqual(job);
        },
      ),
    );
  });

  it.each([
    ['unpadded', h4.replace(/=+$/, '')],
    ['URL-safe', Buffer.from('{"a":"ÿÿÿ>>>"}').toString('base64url')],
    ['broken by a space', `${h1.slice(0, 8)} ${h1.slice(8)}`],
    ['broken by a line end', `${h1}\n`],
    ['padded twice', `${h1}====`],
  ])('that is %s base64 is refused', (_what, header) => {
    expect(() => decodeJobHeader(header)).toThrow('not standard base64 with padding');
  });

  it.each([
    ['nothing', ''],
    ['text', Buffer.from('hello').toString('base64')],
  ])('that holds %s is refused as no JSON', (_what, header) => {
    expect(() => decodeJobHeader(header)).toThrow('not JSON');
  });

  it.each([
    ['timeoutSeconds', { ...job1, timeoutSeconds: 0 }, /timeout_seconds/],
    ['timeoutSeconds', { ...job1, timeoutSeconds: 1.5 }, /timeout_seconds/],
    ['timeoutSeconds', { ...job1, timeoutSeconds: -5 }, /timeout_seconds/],
    ['request', { ...job1, request: 'run it' }, /request/],
    ['request', { ...job1, request: '[]' }, /request/],
    ['parameters', { ...job1, parameters: '' }, /parameters/],
    ['capability', { ...job1, capability: '' }, /capability/],
  ])('with a bad %s is not sent at all', (_field, job, fault) => {
    expect(() => encodeJobHeader(job)).toThrow(fault);
  });
});
