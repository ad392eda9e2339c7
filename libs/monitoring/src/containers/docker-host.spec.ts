import { describe, expect, it } from '@jest/globals';

import { InvalidDockerHostError, parseDockerHost } from './docker-host.js';

describe('DOCKER_HOST', () => {
  it.each([
    ['unix:///run/docker.sock', { socketPath: '/run/docker.sock' }],
    ['tcp://10.0.0.7:2375', { protocol: 'http', host: '10.0.0.7', port: 2375 }],
    ['tcp://docker-proxy', { protocol: 'http', host: 'docker-proxy', port: 2375 }],
    ['tcp://[::1]:2376/', { protocol: 'http', host: '::1', port: 2376 }],
  ])('%s is understood', (dockerHost, address) => {
    expect(parseDockerHost(dockerHost)).toEqual(address);
  });

  it('is the default socket when absent or empty', () => {
    expect(parseDockerHost(undefined)).toEqual(parseDockerHost(''));
    expect(parseDockerHost(undefined)).toHaveProperty('socketPath');
  });

  it.each(['ssh://host', 'tcp://host:99999', 'tcp://', 'docker.sock', 'tcp://a b:1'])(
    '%s is refused',
    (dockerHost) => {
      expect(() => parseDockerHost(dockerHost)).toThrow(InvalidDockerHostError);
    },
  );
});
