#!/bin/sh
# Starts a process of the image: gives Dagster its home and its password, read from a secret file, then becomes the
# process. A password given this way is in no image, no compose file and no `docker inspect`.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
: "${DAGSTER_HOME:?the folder of Dagster}"
umask 027
mkdir -p "$DAGSTER_HOME"
chmod 700 "$DAGSTER_HOME"
cp "$here/dagster.yaml" "$DAGSTER_HOME/dagster.yaml"

if [ -n "${OBSERVATOIRE_PG_MOT_DE_PASSE_FILE:-}" ]; then
    OBSERVATOIRE_PG_MOT_DE_PASSE=$(cat "$OBSERVATOIRE_PG_MOT_DE_PASSE_FILE")
    export OBSERVATOIRE_PG_MOT_DE_PASSE
fi
: "${OBSERVATOIRE_PG_PORT:=5432}"
export OBSERVATOIRE_PG_PORT
exec "$@"
