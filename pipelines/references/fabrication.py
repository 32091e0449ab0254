"""Derives the shipped tables from the producers' files: the same files give the same bytes.

Every statement is SQL over the files as published; nothing is corrected here.
"""

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.errors import DonneesRefusees
from pipelines.paths import spatial_extension
from pipelines.references.declarations import Origine, declarations
from pipelines.sql import identifier, literal

_ECRITURE = "format parquet, compression zstd, compression_level 19, row_group_size 200000"


def rebuild(publies: Path, paquets: Path, sortie: Path) -> dict[str, int]:
    """Write the shipped tables and their provenance; return the rows of each.

    Args:
        publies: folder of the files as their producers publish them (`geo/`, `qpv/`).
        paquets: folder of the packages (`npm pack`), as archives.
        sortie: where to write.

    Raises:
        DonneesRefusees: a file is missing.

    """
    sortie.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as depliage:
        fichiers = {
            nom: _file(origine, publies, paquets, Path(depliage))
            for nom, origine in declarations().origines.items()
        }
        with duckdb.connect(config={"threads": 1}) as con:
            con.execute("set preserve_insertion_order = true")
            con.execute(f"load {literal(str(spatial_extension()))}")
            for vue, requete in _requests(fichiers).items():
                con.execute(f"create table {vue} as {requete}")
            comptes = {nom: _write(con, nom, sortie / f"{nom}.parquet") for nom in declarations().tables}
        _write_provenance(fichiers, comptes, sortie / "provenance.json")
    return comptes


def _file(origine: Origine, publies: Path, paquets: Path, depliage: Path) -> Path:
    """Return the file of an origin, taken out of its package if need be."""
    if origine.fichier is not None:
        chemin = publies / origine.fichier
        if not chemin.is_file():
            raise DonneesRefusees(
                f"{chemin} : fichier absent ; c'est « {origine.titre} » ({origine.producteur})"
            )
        return chemin
    nom = f"{str(origine.paquet).lstrip('@').replace('/', '-')}-{origine.version}.tgz"
    archive = paquets / nom
    if not archive.is_file():
        raise DonneesRefusees(
            f"{archive} : archive absente ; obtenez-la par « npm pack {origine.paquet}@{origine.version} »"
        )
    cible = depliage / f"{origine.version}_{origine.membre}"
    with tarfile.open(archive) as tar:
        noms = {m.name: m for m in tar.getmembers() if m.isfile()}
        membre = noms.get(f"package/data/{origine.membre}")
        contenu = membre and tar.extractfile(membre)
        if not contenu:
            raise DonneesRefusees(f"{archive} : membre « {origine.membre} » absent")
        cible.write_bytes(contenu.read())
    return cible


def _csv(chemin: Path) -> str:
    return f"read_csv({literal(str(chemin))}, header = true, all_varchar = true)"


def _json(chemin: Path) -> str:
    return f"read_json({literal(str(chemin))}, format = 'array', maximum_object_size = 100000000)"


def _requests(fichiers: Mapping[str, Path]) -> dict[str, str]:
    """The tables, each made of the files and of those before it."""
    natures = ", ".join(
        f"({literal(c.code_commune)}, {literal(c.nature)})" for c in declarations().communes_territoires
    )
    listes = " union all ".join(
        (
            f"select {origine.millesime} as annee, epci_siren, epci_nom, epci_nature as nature, "
            f"com_code as code_commune from {_csv(fichiers[nom])}"
            if origine.fichier is not None
            else f"select {origine.millesime}, code, nom, type, unnest(membres).code "
            f"from {_json(fichiers[nom])}"
        )
        for nom, origine in declarations().origines.items()
        if nom.startswith("epci_")
    )
    return {
        "cog": f"select * from {_csv(fichiers['communes'])}",
        "communes": "select cog.code as code_commune, cog.nom, cog.departement, cog.region, "
        "cast(cog.population as bigint) as population, zones.zone_abc from cog "
        f"left join {_csv(fichiers['zonage_abc'])} as zones on cog.code = zones.com_code "
        "where cog.type = 'commune-actuelle' order by cog.code",
        "passage": _passage(fichiers["passage"]),
        "listes": listes,
        "annees": "select annee, row_number() over (order by annee) as rang, "
        "lead(annee) over (order by annee) as suivante from (select distinct annee from listes)",
        "membres": _MEMBRES,
        "dans_une_epci": "select code as epci_siren, nom as epci_nom, type as nature, "
        f"unnest(membres).code as code_commune from {_json(fichiers['ept'])} "
        "union all select sirens.siren, sirens.nom, villes.nature, sirens.code "
        f"from {_json(fichiers['sirens'])} as sirens inner join (values {natures}) as villes (code, nature) "
        "on sirens.code = villes.code where sirens.type = 'commune-actuelle'",
        "epci_membres": _EPCI_MEMBRES,
        "qpv": _qpv(fichiers),
        "qpv_polygones": _polygons(declarations().origines["qpv_contours"], fichiers["qpv_contours"]),
        "communes_contours": _outlines(fichiers["communes_contours"]),
    }


def _passage(table: Path) -> str:
    """The codes that are no commune's today: the table's, and the communes merged since it was published."""
    return (
        f"with lue as (select DEPCOM_HIST as ancien, DEPCOM as actuel from {_csv(table)}), "
        "delegues as (select code as ancien, min(chef_lieu) as actuel from cog where type in "
        "('commune-deleguee', 'commune-associee') and code <> chef_lieu group by code), "
        "toutes as (select lue.ancien, case when lue.actuel in (select code_commune from communes) "
        "then lue.actuel else delegues.actuel end as actuel from lue "
        "left join delegues on lue.actuel = delegues.ancien "
        "union select ancien, actuel from delegues where ancien not in (select ancien from lue)) "
        "select ancien as code_commune_historique, actuel as code_commune from toutes "
        "where ancien <> actuel and ancien not in (select code_commune from communes) "
        "and actuel in (select code_commune from communes) order by all"
    )


# A commune that was in two lists one after the other was there in between; the end of a membership is the eve
# of the first list that does not have it.
_MEMBRES = """
with suites as (
    select listes.*, annees.rang, annees.suivante,
        annees.rang - row_number() over (partition by epci_siren, code_commune order by annees.rang) as suite
    from listes inner join annees on listes.annee = annees.annee
)
select
    epci_siren,
    code_commune,
    case when min(rang) > 1 then make_date(cast(min(annee) as integer), 1, 1) end as debut,
    cast(make_date(cast(arg_max_null(suivante, annee) as integer), 1, 1) - interval 1 day as date) as fin
from suites group by epci_siren, code_commune, suite
"""
_EPCI_MEMBRES = """
with noms as (
    select epci_siren, max_by(epci_nom, annee) as epci_nom, max_by(nature, annee) as nature
    from listes group by epci_siren
)
select noms.epci_siren, noms.epci_nom, noms.nature, membres.code_commune, membres.debut, membres.fin,
    cast(null as varchar) as epci_liste
from membres inner join noms on membres.epci_siren = noms.epci_siren
union all
select d.epci_siren, d.epci_nom, d.nature, d.code_commune, null, null, listes.epci_siren
from dans_une_epci as d inner join listes on d.code_commune = listes.code_commune
where listes.annee = (select max(annee) from annees)
order by epci_siren, code_commune, debut nulls first
"""


def _qpv(fichiers: Mapping[str, Path]) -> str:
    """Both lists, one row per commune; the columns of the two generations have their own names."""
    parts = [
        f"select {origine.millesime} as generation, {identifier(origine.colonnes['code_qpv'])} as code_qpv, "
        f"regexp_replace(trim({identifier(origine.colonnes['libelle'])}), '\\s+', ' ', 'g') as libelle, "
        f"trim(unnest(string_split(insee_com, ','))) as code_commune from {_csv(fichiers[nom])}"
        for nom, origine in declarations().origines.items()
        if origine.colonnes
    ]
    every = " union all ".join(parts)
    return f"select distinct * from ({every}) order by generation, code_qpv, code_commune"


def _features(chemin: Path) -> str:
    return (
        "(select unnest(cast(features as json[])) as element "
        f"from read_json({literal(str(chemin))}, columns = {{features: 'JSON'}}, "
        "maximum_object_size = 100000000))"
    )


def _polygons(origine: Origine, chemin: Path) -> str:
    return (
        f"select {origine.millesime} as generation, element->'properties'->>'code_qp' as code_qpv, "
        f"cast(element->'geometry' as varchar) as geometrie from {_features(chemin)} order by code_qpv"
    )


def _outlines(chemin: Path) -> str:
    """The communes of today; of those merged since they were drawn, the union, without the inner borders."""
    return (
        "with lus as (select element->'properties'->>'code' as ancien, "
        f"cast(element->'geometry' as varchar) as geometrie from {_features(chemin)}), "
        "actuels as (select coalesce(passage.code_commune, lus.ancien) as code_commune, lus.geometrie "
        "from lus left join passage on lus.ancien = passage.code_commune_historique) "
        "select code_commune, case when count(*) = 1 then min(geometrie) else cast(st_asgeojson("
        "st_union_agg(st_geomfromgeojson(geometrie))) as varchar) end as geometrie from actuels "
        "where code_commune in (select code_commune from communes) "
        "group by code_commune order by code_commune"
    )


def _write(con: duckdb.DuckDBPyConnection, nom: str, chemin: Path) -> int:
    colonnes = ", ".join(
        f"cast({identifier(c.nom)} as {c.type}) as {identifier(c.nom)}"
        for c in declarations().tables[nom].colonnes
    )
    ((lignes,),) = con.execute(
        f"copy (select {colonnes} from {nom}) to {literal(str(chemin))} ({_ECRITURE})"
    ).fetchall()
    return int(lignes)


def _write_provenance(fichiers: Mapping[str, Path], comptes: Mapping[str, int], chemin: Path) -> None:
    contenu = {
        "origines": {
            nom: {
                **origine.model_dump(exclude_defaults=True),
                "sha256": hashlib.sha256(fichiers[nom].read_bytes()).hexdigest(),
            }
            for nom, origine in declarations().origines.items()
        },
        "tables": {
            nom: {
                "lignes": lignes,
                "sha256": hashlib.sha256(chemin.with_name(f"{nom}.parquet").read_bytes()).hexdigest(),
            }
            for nom, lignes in comptes.items()
        },
    }
    chemin.write_text(json.dumps(contenu, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
