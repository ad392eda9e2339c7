#!/bin/sh
# Gives the ledger's database a password of its own: made at the first start, kept in a volume that only this container
# writes and only the distributor reads. No password stands in a file of the repository or in a variable that
# `docker inspect` shows. Then the image's own entrypoint takes over.
set -eu

url_file=/run/credentials/database-url
distributor_user=1000:1000

# Every byte as %xx, so that a password may hold any character.
percent_encode() {
  printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g'
}

write_url() {
  umask 077
  printf 'postgresql://%s:%s@postgres:5432/%s\n' "$POSTGRES_USER" "$(percent_encode "$1")" "$POSTGRES_DB" \
    > "$url_file.partial"
  chown "$distributor_user" "$url_file.partial"
  mv "$url_file.partial" "$url_file"
  umask 022
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:=$(od -An -N24 -v -tx1 /dev/urandom | tr -d ' \n')}"
  write_url "$POSTGRES_PASSWORD"
elif [ ! -s "$url_file" ]; then
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo 'The database exists, but the volume with its password is gone. Set POSTGRES_PASSWORD to that password, or to' >&2
    echo 'a new one after ALTER ROLE, and start again. See docs/deployment.md, "The password of the database".' >&2
    exit 78
  fi
  write_url "$POSTGRES_PASSWORD"
fi

# For the image's entrypoint, which reads it only while it makes a new database.
export POSTGRES_PASSWORD
exec docker-entrypoint.sh "$@"
