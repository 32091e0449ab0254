"""The same models on another engine, and the proof that they give the same tables.

What starts the engine, feeds it, runs dbt on it and compares belongs here. No rule of calculation does: those
are in `dbt_project/`, written once for every engine.
"""

from pipelines.moteurs.comparaison import Comparaison, Table, compare_engines
from pipelines.moteurs.spark import missing

__all__ = ["Comparaison", "Table", "compare_engines", "missing"]
