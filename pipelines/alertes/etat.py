"""The state of a published warehouse, as the rules of the alerts look at it.

Only reading belongs here: dates, names of files and of checks, and figures of the marts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from pipelines.calendrier import PARIS, Ligne


@dataclass(frozen=True)
class Regle:
    """One rule of alert, while it holds."""

    alerte: str
    gravite: str
    seuil: float | None
    debut: date
    fin: date | None
    libelle: str
    a_faire: str


@dataclass(frozen=True)
class Diffusion:
    """When the vintages of a product are expected, over a range of vintages."""

    produit: str
    millesime_debut: int
    millesime_fin: int | None
    pas_annees: int
    annees_apres: int
    mois: int
    retard_jours: int


@dataclass(frozen=True)
class Manque:
    """An objective that a published yearly figure does not reach."""

    epci: str
    periode: str
    indicateur: str
    libelle: str
    axe: str
    modalite: str
    segment: str
    valeur: float
    unite: str
    operateur: str
    cible: float
    manque: int | None
    provisoire: bool = False  # judged with the threshold of the year before


@dataclass(frozen=True)
class Seuil:
    """A first-quartile threshold that is missing, or stands for the next year's, in the last year that has
    objectives; `message` says where to find the order and where to put it."""

    epci: str
    annee: int
    absent: bool
    message: str


@dataclass(frozen=True)
class Suivi:
    """One landlord at the end of the last half-year that the warehouse knows.

    `relevees`: whether the EPCI records transmissions at all; where it does not, an unknown one says nothing.
    """

    epci: str
    semestre: str
    bailleur: str
    transmission: str
    date_limite: date | None
    en_suivi_renforce: bool
    relevees: bool


@dataclass(frozen=True)
class Conservation:
    """A vintage of a source about persons that is there, and how many years after it may be kept."""

    epci: str
    source: str
    millesime: int
    annees: int


@dataclass(frozen=True)
class Rapprochement:
    """A control of matching that is past its bound, in the last year that has one."""

    epci: str | None
    annee: int
    controle: str
    sens: str
    libelle: str
    valeur: float
    borne: float
    figures: str
    a_faire: str


@dataclass(frozen=True)
class Echec:
    """A run that failed after the last publication."""

    execution: str
    le: datetime
    etape: str


@dataclass(frozen=True)
class Etat:
    """What the rules look at; everything comes from the published warehouse, the failed run excepted."""

    version: int
    publie_le: date
    regles: Sequence[Regle] = ()
    diffusion: Sequence[Diffusion] = ()
    presents: Mapping[str, Sequence[int]] = field(default_factory=dict)
    conservations: Sequence[Conservation] = ()
    calendrier: Sequence[Ligne] = ()
    noms: Mapping[str, str] = field(default_factory=dict)
    periodes: frozenset[tuple[str, str, str]] = frozenset()
    manques: Sequence[Manque] = ()
    seuils: Sequence[Seuil] = ()
    suivis: Sequence[Suivi] = ()
    refusees: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    controles: Sequence[tuple[str, str, int]] = ()
    rapprochements: Sequence[Rapprochement] = ()
    contradictions: Mapping[str, int] = field(default_factory=dict)
    echec: Echec | None = None


def read_state(con: duckdb.DuckDBPyConnection, echec: Echec | None = None) -> Etat:
    """Read the state of an open published warehouse.

    Args:
        con: the warehouse.
        echec: the last run, when it failed after this warehouse was published.

    """
    version, fin = con.execute(
        "select version, fin from meta.executions order by version desc limit 1"
    ).fetchall()[0]
    diffusion = [Diffusion(*row) for row in _rows(con, _DIFFUSION)]
    present = _vintages(con)
    return Etat(
        version=int(version),
        publie_le=fin.replace(tzinfo=UTC).astimezone(PARIS).date(),
        regles=[Regle(*row) for row in _rows(con, _REGLES)],
        diffusion=diffusion,
        # Nothing is known of them in a warehouse that does not say which vintages it has.
        presents={produit: present.get(produit, []) for produit in sorted({d.produit for d in diffusion})}
        if present
        else {},
        conservations=[Conservation(*row) for row in _rows_of(con, "produits", "source", _CONSERVATIONS)],
        calendrier=[Ligne(*row) for row in _rows(con, _CALENDRIER)],
        noms={str(siren): str(nom) for siren, nom in _rows(con, _NOMS)},
        periodes=frozenset((str(s), str(t), str(p)) for s, t, p in _rows(con, _PERIODES)),
        manques=[Manque(*row) for row in _rows(con, _MANQUES)],
        seuils=[Seuil(*row) for row in _rows_of(con, "seuils_q1", "message", _SEUILS)],
        suivis=[Suivi(*row) for row in _rows(con, _SUIVIS)],
        refusees={str(f): (int(refusees), int(lues)) for f, refusees, lues in _rows(con, _REFUSEES)},
        controles=[(str(c), str(t), int(n)) for c, t, n in _rows(con, _CONTROLES)],
        rapprochements=[
            Rapprochement(*row) for row in _rows_of(con, "appariements", "etat", _RAPPROCHEMENTS)
        ],
        contradictions={
            str(s): int(n) for s, n in _rows_of(con, "avertissements", "source", _CONTRADICTIONS)
        },
        echec=echec,
    )


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def _rows_of(con: duckdb.DuckDBPyConnection, table: str, colonne: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of a table of `meta`; none in a warehouse that does not have it."""
    known = con.execute(
        "select count(*) from information_schema.columns "
        "where table_schema = 'meta' and table_name = ? and column_name = ?",
        [table, colonne],
    ).fetchall()[0][0]
    return _rows(con, query) if known else []


def _vintages(con: duckdb.DuckDBPyConnection) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for produit, millesime in _rows_of(con, "produits", "millesime", _PRESENTS):
        found.setdefault(str(produit), []).append(int(millesime))
    return found


_REGLES = """
    select alerte, gravite, cast(seuil as double), debut, fin, libelle, a_faire
    from meta.regles_alerte order by alerte, debut
"""
_DIFFUSION = """
    select produit, millesime_debut, millesime_fin, pas_annees, annees_apres, mois, retard_jours
    from meta.diffusion order by produit, millesime_debut
"""
_PRESENTS = "select produit, millesime from meta.produits order by all"
# Who is followed: who has a convention of his own, or figures. With every territory of France asked for, the
# others have nothing to hand over.
_SUIVIS = """(
    select epci_siren, debut from meta.conventions
    where coalesce(fichier, '') <> '' or epci_siren in (select epci_siren from marts.indicateurs)
)"""
# Of each territory and source that a convention sets a limit for (0: none), the vintages that are there.
_CONSERVATIONS = f"""
    select p.epci_siren, v.source, v.millesime, try_cast(p.valeur as integer)
    from meta.convention_parametres as p
    inner join {_SUIVIS} as s on p.epci_siren = s.epci_siren
    inner join (select distinct source, millesime from meta.produits) as v
        on p.parametre = 'conservation_annees_' || v.source
    where try_cast(p.valeur as integer) > 0
    order by all
"""
_CALENDRIER = f"""
    select c.rapport, c.epci_siren, c.periodicite, c.arrete_au, c.delai_jours, v.debut
    from meta.convention_calendrier as c
    inner join {_SUIVIS} as v on c.epci_siren = v.epci_siren
    where c.arrete_au is not null
    order by c.epci_siren, c.rapport, c.arrete_au
"""
_NOMS = "select epci_siren, nom from meta.conventions order by epci_siren"
_PERIODES = """
    select distinct f.epci_siren, f.periode_type, f.periode
    from marts.indicateurs as f
    inner join meta.indicateurs as i on f.indicateur = i.indicateur
    where i.famille = 'attributions' and f.axe = 'epci' and f.statut <> 'indisponible'
"""
# The last year that has objectives, EPCI by EPCI.
_MANQUES = """
    select * exclude (atteint, statut), statut = 'provisoire' as provisoire
    from (
    select f.epci_siren, f.periode, f.indicateur, i.libelle, f.axe, f.modalite_libelle,
        case when f.segment_type = 'tous' then '' else f.segment end, f.valeur, f.unite, f.operateur, f.cible,
        f.manque, f.atteint, f.statut
    from marts.indicateurs as f
    inner join meta.indicateurs as i on f.indicateur = i.indicateur
    where f.periode_type = 'annee' and f.cible is not null
    qualify f.periode = max(f.periode) over (partition by f.epci_siren)
    order by f.epci_siren, i.ordre, f.axe, f.modalite_libelle, f.segment
    )
    where not atteint and statut in ('publiable', 'provisoire')
"""
_SEUILS = """
    select s.epci_siren, s.annee, s.statut = 'absent', s.message
    from meta.seuils_q1 as s
    inner join (
        select epci_siren, max(periode) as periode
        from marts.indicateurs
        where periode_type = 'annee' and cible is not null
        group by epci_siren
    ) as f on s.epci_siren = f.epci_siren and cast(s.annee as varchar) = f.periode
    where s.message is not null
    order by s.epci_siren
"""
_SUIVIS = """
    select epci_siren, semestre, coalesce(bailleur, bailleur_siren), transmission, date_limite_transmission,
        coalesce(en_suivi_renforce, false),
        bool_or(transmission <> 'inconnue') over (partition by epci_siren) as relevees
    from marts.suivi_semestriel
    qualify semestre = max(semestre) over (partition by epci_siren)
    order by epci_siren, bailleur
"""
# What was set aside on purpose (a correction, a person who was removed) is not a defect of the file.
_REFUSEES = """
    select v.fichier, v.refusees - least(v.refusees, coalesce(a.nombre, 0)), v.lues
    from (
        select fichier, sum(lignes_quarantaine) as refusees, sum(lignes_lues) as lues
        from meta.verrou group by fichier
    ) as v
    left join (
        select fichier, sum(nombre) as nombre from meta.avertissements
        where regle = 'lignes_exclues' group by fichier
    ) as a on v.fichier = a.fichier
    where v.lues > 0
    order by v.fichier
"""
_CONTROLES = "select controle, coalesce(nom_table, ''), lignes from meta.controles order by all"
_RAPPROCHEMENTS = """
    select * exclude (etat)
    from (
        select epci_siren, annee, controle, sens, libelle, valeur, cast(borne_alerte as double), figures,
            a_faire, etat
        from meta.appariements
        where etat <> 'non_juge'
        qualify annee = max(annee) over (partition by controle, epci_siren)
    )
    where etat = 'alerte'
    order by epci_siren nulls first, controle, sens
"""
_CONTRADICTIONS = """
    select source, sum(nombre) from meta.avertissements
    where regle = 'conflit'
    group by source
    order by source
"""
