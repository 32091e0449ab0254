"""Who is built together: the partitions of the job that builds territories one by one.

One partition per convention file, or per group named in a file (a region, a département): configuration, not
code. What a run does with its territories is the same for all.
"""

import logging
import os
import re
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from pipelines.conventions import load_conventions
from pipelines.errors import DonneesRefusees, ObservatoireError
from pipelines.resources import PARTITION_NAME, Parametres

VARIABLE = "OBSERVATOIRE_PARTITIONS"
# Limits of the run queue may be set on it: one run at a time for a same warehouse.
TAG = "observatoire/partition"

_SIREN = re.compile(r"\d{9}")
logger = logging.getLogger("observatoire.partitions")


def read_groups(path: Path) -> dict[str, list[str]]:
    """Return the groups of a file: name → SIREN of its EPCI.

    Raises:
        DonneesRefusees: the file cannot be read, a name or a SIREN is malformed, or an EPCI is in two groups.

    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DonneesRefusees(f"« {path} » ne se lit pas : {error}") from error
    if not isinstance(content, dict) or not content:
        raise DonneesRefusees(f"« {path} » : attendu, un nom de groupe et la liste de ses SIREN par ligne.")
    groups: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    for key, value in content.items():
        name, sirens = str(key), [str(siren) for siren in value] if isinstance(value, list) else []
        if not PARTITION_NAME.fullmatch(name):
            raise DonneesRefusees(
                f"« {path} », groupe « {name} » : attendu, des minuscules, chiffres, - ou _."
            )
        if not sirens or not all(_SIREN.fullmatch(siren) for siren in sirens):
            raise DonneesRefusees(
                f"« {path} », groupe « {name} » : attendu, une liste de SIREN à 9 chiffres."
            )
        for siren in sirens:
            if siren in seen:
                raise DonneesRefusees(
                    f"« {path} » : l'EPCI {siren} est dans « {seen[siren]} » et « {name} »."
                )
            seen[siren] = name
        groups[name] = sorted(sirens)
    return groups


def groups() -> dict[str, list[str]]:
    """Return the partitions: those of the file named by the environment, else one per convention."""
    try:
        given = os.environ.get(VARIABLE)
        if given:
            return read_groups(Path(given))
        conventions = load_conventions(Parametres().territories_folder(), None)
    except ObservatoireError as error:
        # A wrong file must not hide the page that shows what is wrong: a build says it in full.
        logger.error("no partition: %s", error)
        return {}
    return {convention.siren: [convention.siren] for convention in conventions}


def partitioned_config() -> dg.PartitionedConfig[Any]:
    """Return what a run of one partition is asked: its EPCI, in a warehouse of its own."""
    known = groups()

    def run_config(key: str) -> dict[str, Any]:
        return {"resources": {"parametres": {"config": {"epci": known[key], "partition": key}}}}

    return dg.PartitionedConfig(
        partitions_def=dg.StaticPartitionsDefinition(sorted(known)),
        run_config_for_partition_key_fn=run_config,
        tags_for_partition_key_fn=lambda key: {TAG: key},
    )
