import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, parseEnvironment } from '#platform';
import { distributorConfigSchema } from '../distributor.config.js';

const trusted = (TRUSTED_PROXIES: string) =>
  parseEnvironment(distributorConfigSchema, { ADMIN_PASSWORD: 'only for this test', TRUSTED_PROXIES }).server
    .trustedProxies;

describe('TRUSTED_PROXIES', () => {
  it('is nobody unless given', () => {
    expect(trusted('')).toEqual([]);
  });

  it('takes addresses and ranges', () => {
    expect(trusted('10.0.0.7, 172.20.0.0/16,::1, fd00::/8')).toEqual([
      '10.0.0.7',
      '172.20.0.0/16',
      '::1',
      'fd00::/8',
    ]);
  });

  it.each(
    ['true', '1', 'proxy.example', 'loopback', '*', '0.0.0.0/0', '::/0', '10.0.0.0/33', 'fd00::/129'].concat([
      '10.0.0.1/255.0.0.0',
      '10.0.0.1/8/8',
      '10.0.0.1/',
      '010.0.0.1',
      'fe80::1%eth0',
      '10.0.0.7;10.0.0.8',
    ]),
  )('refuses %s, which would trust nobody or everybody', (text) => {
    expect(() => trusted(text)).toThrow(ConfigurationError);
    expect(() => trusted(`10.0.0.7,${text}`)).toThrow(/TRUSTED_PROXIES/);
  });
});
