"""The warehouse outside its DuckDB file: partitioned Parquet, and a DuckLake shared by several machines.

Copies of a published warehouse belong here, and the way back to a DuckDB file. Nothing here knows Dagster or
dbt, and nothing here computes a figure.
"""

from pipelines.lac.connexion import LacPartage, link_extensions
from pipelines.lac.ecriture import VersionLac, write_lake
from pipelines.lac.extraction import Instantane, extract, snapshots
from pipelines.lac.partage import Publication, publish_territories
from pipelines.lac.reconstruction import rebuild_from_lake
from pipelines.lac.retrait import drop_lake_versions, lake_versions_that_hold

__all__ = [
    "Instantane",
    "LacPartage",
    "Publication",
    "VersionLac",
    "drop_lake_versions",
    "extract",
    "lake_versions_that_hold",
    "link_extensions",
    "publish_territories",
    "rebuild_from_lake",
    "snapshots",
    "write_lake",
]
