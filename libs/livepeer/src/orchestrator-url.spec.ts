import { describe, expect, it } from '@jest/globals';

import { OrchestratorUrlError, normaliseOrchestratorUrl } from './orchestrator-url.js';

describe('the address of an orchestrator', () => {
  it.each([
    ['https://172.23.0.7:9995/', 'https://172.23.0.7:9995'],
    ['https://orch:9995', 'https://orch:9995'],
    ['  https://Orch.Example:9995//  ', 'https://orch.example:9995'],
    ['HTTPS://orch:443', 'https://orch:443'],
    ['https://orch', 'https://orch'],
    ['orch', 'https://orch:8935'],
    ['orch/', 'https://orch:8935'],
    ['orch:9995', 'https://orch:9995'],
    ['http://orch:9995', 'http://orch:9995'],
    ['https://[2001:DB8::1]:9995/', 'https://[2001:db8::1]:9995'],
  ])('%s is spelled %s', (text, expected) => {
    expect(normaliseOrchestratorUrl(text)).toBe(expected);
    expect(normaliseOrchestratorUrl(expected)).toBe(expected);
  });

  it.each([
    '',
    '   ',
    'https://',
    'ftp://orch:9995',
    'https://orch:9995/path',
    'https://orch:9995?x=1',
    'https://orch:9995#x',
    'https://user:pass@orch:9995',
    'https://orch:99999',
    'https://orch:port',
    'https://or ch:9995',
  ])('"%s" is none', (text) => {
    expect(() => normaliseOrchestratorUrl(text)).toThrow(OrchestratorUrlError);
  });
});
