"""What describes the files handed over, for programs: a Data Package, and DCAT-AP for a catalogue.

Both are written from the tables and their comments; who publishes them, and where, is for who does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.edition import Marque

PACKAGE = "datapackage.json"
CATALOGUE = "dcat.jsonld"
_TITLE = "Attributions de logements sociaux, édition {}"
_LICENCES = {
    "publique": {
        "name": "etalab-2.0",
        "title": "Licence Ouverte 2.0",
        "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    },
    "signataires": {"name": "restreinte", "title": "Réservé aux signataires, sans rediffusion"},
}
# Types of Table Schema; anything else is text.
_TYPES = {
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "FLOAT": "number",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
}
_MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
    "duckdb": "application/octet-stream",
}
_FILE_TYPES = "http://publications.europa.eu/resource/authority/file-type/"
_FORMATS = {"csv": "CSV", "parquet": "PARQUET", "xlsx": "XLSX", "gpkg": "GPKG", "duckdb": "OCTET"}
_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "locn": "http://www.w3.org/ns/locn#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def table_resource(
    con: duckdb.DuckDBPyConnection, schema: str, table: str, path: Path, sortie: Path
) -> dict[str, Any]:
    """Describe the file of one table, with its columns."""
    columns = con.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    ((comment,),) = con.execute(
        "select comment from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
    ).fetchall()
    fields = [_field(str(name), str(kind), text) for name, kind, text in columns]
    described = file_resource(path, sortie, comment or f"{schema}.{table}")
    if path.suffix == ".csv":
        # A Parquet file says its types itself, and is no tabular resource of the standard.
        described |= {"profile": "tabular-data-resource", "dialect": {"delimiter": ";"}, "encoding": "utf-8"}
    return {**described, "schema": {"fields": fields}}


def file_resource(path: Path, sortie: Path, description: str) -> dict[str, Any]:
    """Describe one file: where it is from the folder of the package, its size, its hash."""
    kind = path.suffix.removeprefix(".")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "name": path.name.lower(),
        "path": path.relative_to(sortie).as_posix(),
        "format": kind,
        "mediatype": _MEDIA[kind],
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest}",
        "description": description,
    }


def package(edition: str, mark: Marque, resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The Data Package of an edition."""
    return {
        "profile": "data-package",
        "name": f"observatoire-{edition}",
        "title": _TITLE.format(edition),
        "description": f"Pour : {mark.lecteurs}.",
        "version": str(mark.version),
        "sources": [{"title": "Entrepôt d'Observatoire", "empreinte": mark.empreinte}],
        "licenses": [_LICENCES[edition]],
        "resources": list(resources),
    }


def catalogue(
    con: duckdb.DuckDBPyConnection, edition: str, mark: Marque, resources: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The DCAT-AP description of an open edition: a dataset, its territories and years, its files."""
    territories = con.execute(
        "select distinct epci_siren, nom from meta.conventions order by epci_siren"
    ).fetchall()
    years = [
        int(year)
        for (year,) in con.execute("select distinct annee from meta.millesimes order by annee").fetchall()
    ]
    licence = {"@id": _LICENCES[edition]["path"]}
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "dcat:Dataset",
        "dct:identifier": f"observatoire-{edition}-{mark.empreinte[:16]}",
        "dct:title": {"@language": "fr", "@value": _TITLE.format(edition)},
        "dct:description": {
            "@language": "fr",
            "@value": "Demandes et attributions de logements sociaux, parc, occupation et revenus, par "
            "intercommunalité, bailleur, commune et quartier prioritaire. Les petits effectifs sont masqués.",
        },
        "dcat:version": str(mark.version),
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/FRA"},
        "dct:accessRights": {"@id": "http://publications.europa.eu/resource/authority/access-right/PUBLIC"},
        "dcat:theme": {"@id": "http://publications.europa.eu/resource/authority/data-theme/SOCI"},
        "dcat:keyword": [
            {"@language": "fr", "@value": word}
            for word in ("logement social", "attributions", "quartiers prioritaires", "mixité sociale")
        ],
        "dct:spatial": [
            {"@type": "dct:Location", "dct:identifier": siren, "locn:geographicName": nom}
            for siren, nom in territories
        ],
        "dcat:distribution": [_distribution(resource, licence) for resource in resources],
    }
    if years:
        described["dct:temporal"] = {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@type": "xsd:date", "@value": f"{min(years)}-01-01"},
            "dcat:endDate": {"@type": "xsd:date", "@value": f"{max(years)}-12-31"},
        }
    return described


def is_open(edition: str) -> bool:
    """Whether anybody may have it: what a catalogue of open data lists."""
    return "path" in _LICENCES[edition]


def _field(name: str, kind: str, text: str | None) -> dict[str, Any]:
    if kind.startswith("TIMESTAMP"):
        return {"name": name, "type": "datetime", "format": "any", "description": text or ""}
    base = "number" if kind.startswith("DECIMAL") else _TYPES.get(kind, "string")
    return {"name": name, "type": base, "description": text or ""}


def _distribution(resource: Mapping[str, Any], licence: Mapping[str, str]) -> dict[str, Any]:
    # An address from the folder of this file: it is that of the site once the files are on line.
    place = {"@id": resource["path"]}
    return {
        "@type": "dcat:Distribution",
        "dct:title": resource["name"],
        "dct:description": {"@language": "fr", "@value": resource["description"]},
        "dcat:accessURL": place,
        "dcat:downloadURL": place,
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{resource['mediatype']}"},
        "dct:format": {"@id": _FILE_TYPES + _FORMATS[resource["format"]]},
        "dct:license": licence,
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(resource["bytes"])},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"},
            "spdx:checksumValue": resource["hash"].removeprefix("sha256:"),
        },
    }
