import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { identityFacts, identityFields } from './identity-facts.js';
import { type IdentityPolicy, mismatchOf } from './identity-policy.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** The parts of an inspection, as the Engine writes them. */
const inspection = {
  Image: digest('a'),
  ImageManifestDescriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest('b') },
  Path: 'docker-entrypoint.sh',
  Args: ['redis-server', '--requirepass', 'not-for-anyone'],
  HostConfig: { Binds: ['/srv/redis.conf:/etc/redis.conf:ro'], Mounts: null, NetworkMode: 'stack_default' },
  Mounts: [
    { Type: 'bind', Source: '/srv/redis.conf', Destination: '/etc/redis.conf' },
    {
      Type: 'volume',
      Name: 'redis-data',
      Source: '/var/lib/docker/volumes/redis-data/_data',
      Destination: '/data',
    },
    { Type: 'tmpfs', Source: '', Destination: '/tmp' },
  ],
};

const mismatch = (policy: IdentityPolicy, changes: object = {}) =>
  mismatchOf(identityFacts(z.object(identityFields).parse({ ...inspection, ...changes })), policy);

describe('an identity policy', () => {
  it('asks for nothing that it does not name', () => {
    expect(mismatch({})).toBeNull();
    expect(mismatchOf(identityFacts(z.object(identityFields).parse({})), null)).toBeNull();
  });

  it('takes the id of an image or the digest of its manifest', () => {
    expect(mismatch({ images: [digest('a')] })).toBeNull();
    expect(mismatch({ images: [digest('c'), digest('b')] })).toBeNull();
    expect(mismatch({ images: [digest('c')] })).toBe('image sha256:aaaaaaaaaaaa');
    expect(mismatch({ images: [digest('a')] }, { Image: null, ImageManifestDescriptor: null })).toBe(
      'image not told',
    );
  });

  it('wants exactly the command, and repeats none of it', () => {
    const command = ['docker-entrypoint.sh', 'redis-server', '--requirepass', 'not-for-anyone'];
    expect(mismatch({ command })).toBeNull();
    expect(mismatch({ command: command.slice(0, 2) })).toBe('command');
    expect(mismatch({ command }, { Path: 'sleep', Args: ['infinity'] })).toBe('command');
    expect(mismatch({ command }, { Path: undefined, Args: undefined })).toBe('command');
  });

  it('wants every mount listed by source, name of the volume or destination', () => {
    expect(mismatch({ binds: ['/srv/redis.conf', 'redis-data'] })).toBeNull();
    expect(mismatch({ binds: ['/etc/redis.conf', '/data'] })).toBeNull();
    expect(mismatch({ binds: ['/data'] })).toBe('mount on /etc/redis.conf');
    const hidden = { Mounts: [], HostConfig: { Binds: ['/tmp/fake:/usr/local/bin/redis-server'] } };
    expect(mismatch({ binds: [] }, hidden)).toBe('mount on /usr/local/bin/redis-server');
    const long = { Mounts: [], HostConfig: { Mounts: [{ Type: 'bind', Source: '/x', Target: '/usr/bin' }] } };
    expect(mismatch({ binds: [] }, long)).toBe('mount on /usr/bin');
  });

  it('refuses the network of another container, whose services would answer instead', () => {
    const HostConfig = { NetworkMode: 'container:0123' };
    expect(mismatch({}, { HostConfig })).toBe('network of another container');
  });
});
