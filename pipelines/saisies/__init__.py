"""What people type in beside the figures: analyses, obstacles, decisions, actions, meetings, means.

One file per territory and year, `<donnees>/saisies/<siren>/<annee>.yml`. What belongs here: its form, its
model to fill in, its tables in the warehouse. How a text is printed belongs in `bilan`.
"""

from pipelines.saisies.gabarit import typed_template
from pipelines.saisies.lecture import FOLDER, load_typed, typed_path
from pipelines.saisies.modeles import FichierSaisies, Saisies, vocabulaire
from pipelines.saisies.tables import TABLE, TABLE_PUBLIQUE, write_tables

__all__ = [
    "FOLDER",
    "TABLE",
    "TABLE_PUBLIQUE",
    "FichierSaisies",
    "Saisies",
    "load_typed",
    "typed_path",
    "typed_template",
    "vocabulaire",
    "write_tables",
]
