"""National references shipped with the product: communes, territories and their members, neighbourhoods.

Belongs here: deriving them from the producers' files (`fabrication`, run by `python -m
pipelines.references`), reading them, and writing them to `sources.livre_*`, where the models find them
beside those of the landing folder. What a figure makes of them, and which of the two wins, is in
`dbt_project/`.
"""

from pipelines.references.lecture import (
    Commune,
    Quartier,
    Territoire,
    create,
    load,
    regions,
    rows,
    territories,
    territory,
)

__all__ = [
    "Commune",
    "Quartier",
    "Territoire",
    "create",
    "load",
    "regions",
    "rows",
    "territories",
    "territory",
]
