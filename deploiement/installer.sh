#!/bin/sh
# The steps of the image: the pinned dependencies and the project, in one folder that nothing writes in afterwards.
# Run by the Dockerfile, and by a test in an empty folder. Usage: installer.sh SOURCE DESTINATION
set -eu

src=${1:?usage: installer.sh SOURCE DESTINATION}
dest=${2:?usage: installer.sh SOURCE DESTINATION}
: "${PYTHON:=python3}"
umask 022

mkdir -p "$dest"
"$PYTHON" -m venv "$dest/venv"
bin="$dest/venv/bin"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_CACHE_DIR=1
"$bin/pip" install --quiet --require-hashes -r "$src/requirements-bootstrap.lock"
"$bin/uv" pip sync --quiet --no-cache --compile-bytecode --python "$bin/python" --require-hashes \
    "$src/requirements-bootstrap.lock" "$src/requirements-deploiement.lock"

mkdir -p "$dest/projet"
for part in assets pipelines dbt_project territoires methodes deploiement pyproject.toml README.md LICENSE workspace.yaml dagster.yaml; do
    cp -R "$src/$part" "$dest/projet/"
done
rm -rf "$dest/projet/dbt_project/target" "$dest/projet/dbt_project/logs"
"$bin/uv" pip install --quiet --no-cache --python "$bin/python" --no-deps --no-build-isolation --editable "$dest/projet"
"$bin/uv" pip uninstall --quiet --python "$bin/python" uv hatchling editables

# The rules are read once, here: at run time the folder is read-only.
(cd "$dest/projet" && HOME="$dest" "$bin/python" -c 'from pipelines.projet_dbt import read_rules; read_rules()')
"$bin/python" -m compileall -q "$dest/projet/pipelines" "$dest/projet/assets" >/dev/null
chmod -R a+rX,a-w "$dest/projet"
