"""Conventions of the territories (`territoires/*.yml`) and fragility methods (`methodes/*.yml`).

Belongs here: reading, validating and writing their tables (`meta.convention*`, `sources.convention*`,
`sources.methodes_fragilite*`).
Does not belong here: what an objective or a method computes (models of `dbt_project/`), nor any threshold
(YAML files).
"""

from pipelines.conventions.loader import default_convention, load_conventions
from pipelines.conventions.methods import Methode, load_methods
from pipelines.conventions.models import Convention, LigneObjectif
from pipelines.conventions.tables import write_tables
from pipelines.conventions.template import commented_template

__all__ = [
    "Convention",
    "LigneObjectif",
    "Methode",
    "commented_template",
    "default_convention",
    "load_conventions",
    "load_methods",
    "write_tables",
]
