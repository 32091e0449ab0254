#!/bin/sh
# Starts a process of the image: gives Dagster its home, and PostgreSQL's library the password, then becomes the process.
# The password goes from its secret file to a file that this user alone reads: it is in no image, no compose file, no
# environment.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
: "${DAGSTER_HOME:?the folder of Dagster}"
umask 027
mkdir -p "$DAGSTER_HOME"
chmod 700 "$DAGSTER_HOME"
cp "$here/dagster.yaml" "$DAGSTER_HOME/dagster.yaml"

if [ -n "${OBSERVATOIRE_PG_MOT_DE_PASSE_FILE:-}" ]; then
    : "${PGPASSFILE:=$DAGSTER_HOME/pgpass}"
    export PGPASSFILE
    (umask 077 && printf '*:*:*:*:%s\n' "$(sed 's/[\\:]/\\&/g' "$OBSERVATOIRE_PG_MOT_DE_PASSE_FILE")" >"$PGPASSFILE")
fi
: "${OBSERVATOIRE_PG_PORT:=5432}"
export OBSERVATOIRE_PG_PORT
exec "$@"
