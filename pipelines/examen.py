"""What a landing folder will allow to compute, said before anything is built: territories, years, references.

Joins what `pipelines.ingestion.examen` sees in the files with the conventions and the references shipped with
the project. The rules themselves are the models of `dbt_project/`: this only says which of their inputs are
there.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines import references
from pipelines.conventions import Convention, default_convention, load_conventions
from pipelines.ingestion import stray_entries
from pipelines.ingestion.examen import SCHEMA, FichierExamine, examine, settings
from pipelines.paths import DBT_PROJECT

# Territories that are described in full when none is asked for and none of those found has a convention.
_DECRITS = 5
OUI, PARTIEL, NON = "oui", "en partie", "non"


@dataclass(frozen=True)
class Calcul:
    """What a year of a territory will have, in a French sentence; `possible`: oui, en partie, non."""

    sujet: str
    possible: str
    phrase: str


@dataclass(frozen=True)
class Reference:
    """A reference that a year lacks: what follows, where to find it and where to put it."""

    reference: str
    libelle: str
    consequence: str
    ou: str
    fichier: str
    colonnes: str
    exemple: str

    @property
    def phrase(self) -> str:
        """What is missing and what follows."""
        return f"{self.libelle} : {self.consequence}."


@dataclass(frozen=True)
class AnneeVue:
    """One year of a territory."""

    annee: int
    calculs: tuple[Calcul, ...]
    a_trouver: tuple[Reference, ...]


@dataclass(frozen=True)
class TerritoireVu:
    """One EPCI whose communes are in the data."""

    siren: str
    nom: str
    convention: str | None
    annees: tuple[AnneeVue, ...]


@dataclass(frozen=True)
class Examen:
    """What was seen of a landing folder."""

    fichiers: tuple[FichierExamine, ...]
    territoires: tuple[TerritoireVu, ...]
    absents: tuple[str, ...]  # a sentence per territory asked for that has nothing
    autres: tuple[tuple[str, str], ...]  # SIREN and name of the other EPCI found
    hors_dossier: tuple[str, ...]

    @property
    def refus(self) -> list[str]:
        """What the build would refuse, file by file."""
        return [f.refus for f in self.fichiers if f.refus is not None]


def examine_landing(donnees: Path, territoires: Path, epci: Sequence[str] = ()) -> Examen:
    """Look at a landing folder.

    Args:
        donnees: the landing folder.
        territoires: folder of the convention files.
        epci: SIREN asked for; none: those found in the data that have a convention, else the most present.

    Raises:
        DonneesRefusees: the folder is absent or empty, or a mapping, a link or a convention is refused.

    """
    with duckdb.connect() as con:
        fichiers = examine(donnees, con)
        connues = {c.siren: c for c in load_conventions(territoires, None)}
        _prepare(con, epci or connues)
        trouves = {str(siren): str(nom or siren) for siren, nom in con.execute(_TROUVES).fetchall()}
        demandes = sorted(set(epci)) or [s for s in trouves if s in connues] or list(trouves)[:_DECRITS]
        conventions = [
            connues.get(s) or default_convention(s, trouves[s], territoires) for s in demandes if s in trouves
        ]
        vue = _Vue(con, fichiers)
        return Examen(
            fichiers=tuple(fichiers),
            territoires=tuple(vue.territory(c, c.siren in connues) for c in conventions),
            absents=tuple(vue.absent(s, connues.get(s)) for s in demandes if s not in trouves),
            autres=tuple((s, nom) for s, nom in trouves.items() if s not in demandes),
            hors_dossier=tuple(stray_entries(donnees)),
        )


def _prepare(con: duckdb.DuckDBPyConnection, voulus: Collection[str]) -> None:
    """Tables `livre.<seed>`, and `faits`: how many rows of each file are of a commune, a year and an EPCI."""
    con.execute("create schema livre")
    for seed in _GRAINES:
        con.execute(
            f"create table livre.{seed} as select * from read_csv(?, header = true, all_varchar = true)",
            [str(DBT_PROJECT / "seeds" / f"ref_{seed}.csv")],
        )
    references.load(con, [])
    con.execute(_COURANTES)
    con.execute(_MEMBRES, [list(voulus)])
    parts = [
        f"select '{nom}' as produit, _fichier, {lu['commune']} as commune, "
        f"cast(coalesce({lu.get('annee', 'null')}, millesime) as integer) as annee, count(*) as lignes "
        f"from {SCHEMA}.{nom} group by all"
        for nom, lu in settings()["produits"].items()
    ]
    con.execute(
        "create table faits as select f.*, "
        "coalesce(directes.epci_siren, actuelles.epci_siren) as epci_siren, "
        "coalesce(directes.epci_nom, actuelles.epci_nom) as epci_nom "
        f"from ({' union all '.join(parts)}) as f "
        "left join membres as directes on f.commune = directes.code_commune "
        "left join courantes as c on f.commune = c.code_lu "
        "left join membres as actuelles on c.code_commune = actuelles.code_commune"
    )


_GRAINES = ("listes_epci", "plm", "departements", "seuils_q1", "plafonds", "qpv_generations")
_COURANTES = f"""
create table courantes as
with passages as (
    select code_commune_historique as code_lu, min(code_commune) as code_commune from {SCHEMA}.geo_passage
    group by all
    union all
    select code_commune_historique, code_commune from sources.livre_passage
    where code_commune_historique not in (select code_commune_historique from {SCHEMA}.geo_passage)
), arrondissements as (
    select code_arrondissement as code_lu, code_commune from {SCHEMA}.geo_plm
    union
    select code_arrondissement, code_commune from livre.plm
)
select code_lu, min(code_commune) as code_commune from (
    select p.code_lu, coalesce(a.code_commune, p.code_commune) as code_commune
    from passages as p left join arrondissements as a on p.code_commune = a.code_lu
    union all
    select code_lu, code_commune from arrondissements
) group by code_lu
"""
# The latest list of the folder, else the one shipped: enough to say which territories are there. A territory
# that is inside an EPCI has its communes when it is one of those looked for.
_MEMBRES = f"""
create table membres as
with livres as (
    select code_commune, epci_liste is not null as est_dedans,
        max_by(epci_siren, coalesce(fin, date '9999-12-31')) as epci_siren,
        max_by(epci_nom, coalesce(fin, date '9999-12-31')) as epci_nom
    from sources.livre_epci_membres where epci_liste is null or list_contains(?, epci_siren)
    group by all
), propres as (
    select code_commune, epci_siren, epci_nom from livres where est_dedans
), lus as (
    select code_commune, max_by(epci_siren, millesime) as epci_siren, max_by(epci_nom, millesime) as epci_nom
    from {SCHEMA}.geo_epci_membres where code_commune not in (select code_commune from propres)
    group by code_commune
)
select * from propres
union all
select * from lus
union all
select code_commune, epci_siren, epci_nom from livres
where code_commune not in (select code_commune from propres union all select code_commune from lus)
"""
# The département of each commune of a territory.
_DEPARTEMENTS = """
select d.code_region, cast(d.est_outre_mer as boolean) as est_outre_mer
from membres as m inner join livre.departements as d
    on d.code_departement
    = left(m.code_commune, case when regexp_matches(m.code_commune, '^9[78]') then 3 else 2 end)
where m.epci_siren = ?
"""
_TROUVES = """
select epci_siren, max(epci_nom) from faits where epci_siren is not null
group by epci_siren order by sum(lignes) desc, epci_siren
"""


@dataclass(frozen=True)
class _Vue:
    """The rows seen, asked one territory and one year at a time."""

    con: duckdb.DuckDBPyConnection
    fichiers: Sequence[FichierExamine]

    def _one(self, sql: str, *parametres: object) -> Any:
        return self.con.execute(sql, list(parametres)).fetchall()[0][0]

    def absent(self, siren: str, convention: Convention | None) -> str:
        """Why a territory asked for has nothing."""
        nom = self._one("select max(epci_nom) from membres where epci_siren = ?", siren)
        connu = convention.nom if convention is not None else nom
        if nom is None:
            liste = _reference("membres", "", siren=siren, annee="<année>")
            return (
                f"{connu or 'EPCI'} ({siren}) : aucune liste ne dit quelles sont ses communes. Déposez "
                f"{liste.ou} : {liste.fichier}, colonnes {liste.colonnes}."
            )
        partiels = [f.fichier for f in self.fichiers if f.produit in settings()["produits"] and not f.entier]
        reserve = (
            f" Seul un échantillon a été lu de {', '.join(partiels)} : la construction le dira pour de bon."
            if partiels
            else ""
        )
        return f"{connu} ({siren}) : aucune de ses communes n'est dans les données.{reserve}"

    def territory(self, convention: Convention, ecrite: bool) -> TerritoireVu:
        """One territory, year by year."""
        siren = convention.siren
        annees = tuple(
            AnneeVue(
                annee,
                tuple(self._calculations(convention, annee)),
                tuple(self._missing(convention, annee)),
            )
            for annee in self._years(siren)
        )
        origine = convention.fichier if ecrite else None
        return TerritoireVu(siren, convention.nom, origine, annees)

    def _years(self, siren: str) -> list[int]:
        """Years of the events; without requests nor allocations, those that the vintages pair with."""
        rows = self.con.execute(
            "select annee, sum(lignes) from faits where epci_siren = ? and annee is not null "
            "and produit in ('sne_attributions', 'sne_demandes') group by annee order by annee",
            [siren],
        ).fetchall()
        total = sum(lignes for _, lignes in rows)
        extraites = {e.year for _, e, _ in self._extractions(siren)}
        part = float(settings()["part_d_une_annee"])
        annees = {int(a) for a, lignes in rows if lignes >= part * total} | extraites
        if annees:
            return sorted(annees)
        rows = self.con.execute(
            "select distinct annee - (produit like 'rpls%')::integer from faits "
            "where epci_siren = ? and annee is not null order by 1",
            [siren],
        ).fetchall()
        return [int(a) for (a,) in rows]

    def _extractions(self, siren: str) -> list[tuple[str, date, bool]]:
        """Extractions of requests: file, date, whether struck-off requests are listed."""
        rows = self.con.execute(
            "select r._fichier, r.date_extraction, "
            "coalesce(bool_or(r.statut = 'radiee' or r.date_radiation is not null), false) "
            f"from {SCHEMA}.sne_demandes as r where r.date_extraction is not null and exists ("
            "select 1 from faits as f where f.produit = 'sne_demandes' and f.epci_siren = ? "
            "and f._fichier = r._fichier and f.commune = r.commune_choix1) "
            "group by r._fichier, r.date_extraction order by r.date_extraction, r._fichier",
            [siren],
        ).fetchall()
        return [(str(fichier), jour, bool(radiees)) for fichier, jour, radiees in rows]

    def _count(self, produit: str, siren: str, annee: int) -> int:
        return int(
            self._one(
                "select coalesce(sum(lignes), 0) from faits "
                "where produit = ? and epci_siren = ? and annee = ?",
                *(produit, siren, annee),
            )
        )

    def _calculations(self, convention: Convention, annee: int) -> Iterator[Calcul]:
        siren = convention.siren
        yield self._allocations(siren, annee)
        yield self._requests(siren, annee)
        yield self._stock(siren, annee, convention.parametres["millesime_rpls"])
        for sujet, produit, parametre in (
            ("Occupation (OPS)", "ops_occupation", "millesime_ops"),
            ("Revenus (Filosofi)", "filosofi", "millesime_filosofi"),
        ):
            bons = self._vintages(produit, siren, annee, convention.parametres[parametre])
            yield self._latest(sujet, bons, annee, convention.parametres[parametre])

    def _allocations(self, siren: str, annee: int) -> Calcul:
        sujet = "Attributions et baux"
        lignes = self._count("sne_attributions", siren, annee)
        if not lignes:
            return Calcul(sujet, NON, f"aucune attribution datée de {annee} dans les fichiers sne.")
        fichiers = {
            str(f)
            for (f,) in self.con.execute(
                "select distinct _fichier from faits "
                "where produit = 'sne_attributions' and epci_siren = ? and annee = ?",
                [siren, annee],
            ).fetchall()
        }
        derniere = max(
            (f.extraction for f in self.fichiers if f.fichier in fichiers and f.extraction is not None),
            default=None,
        )
        if derniere is not None and derniere < date(annee, 12, 31):
            return Calcul(
                sujet,
                PARTIEL,
                f"{lignes} lignes vues, mais la dernière extraction est du {_day(derniere)} : l'année y est "
                "incomplète.",
            )
        return Calcul(sujet, OUI, f"{lignes} lignes vues.")

    def _requests(self, siren: str, annee: int) -> Calcul:
        sujet = f"Demande au 31/12/{annee} et tension"
        extractions = self._extractions(siren)
        decembre = [e for e in extractions if date(annee, 12, 1) <= e[1] <= date(annee, 12, 31)]
        if decembre:
            fichier, jour, _ = decembre[-1]
            return Calcul(sujet, OUI, f"extraction du {_day(jour)} ({fichier}).")
        suivantes = [e for e in extractions if e[1] > date(annee, 12, 31)]
        radiees = [e for e in suivantes if e[2]]
        if radiees:
            fichier, jour, _ = radiees[0]
            return Calcul(
                sujet, OUI, f"d'après l'extraction du {_day(jour)} ({fichier}), qui liste les radiées."
            )
        if suivantes:
            fichier, jour, _ = suivantes[0]
            pourquoi = f"l'extraction du {_day(jour)} ({fichier}) ne liste pas les demandes radiées depuis."
        elif extractions:
            fichier, jour, _ = extractions[-1]
            pourquoi = f"la dernière extraction est du {_day(jour)} ({fichier})."
        elif self._count("sne_agregats", siren, annee):
            phrase = "tables publiées seulement : les demandes et les attributions, en repère."
            return Calcul(sujet, PARTIEL, phrase)
        else:
            pourquoi = "aucun fichier de demandes de ce territoire."
        return Calcul(
            sujet,
            NON,
            f"{pourquoi} Déposez une extraction datée du 1er au 31 décembre {annee}, ou une plus récente qui "
            "liste aussi les radiées.",
        )

    def _stock(self, siren: str, annee: int, voulu: str) -> Calcul:
        millesime = int(voulu) if voulu.isdigit() else annee + 1
        sujet = f"Parc à la fin de {annee} (RPLS {millesime})"
        if not self._count("rpls_logements", siren, millesime):
            if self._count("rpls_agregats", siren, millesime):
                phrase = (
                    "tables publiées : ce que l'Insee et le SDES en publient, commune par commune, hors "
                    f"secret. Le détail par logement se dépose dans rpls/{millesime}/."
                )
                return Calcul(sujet, PARTIEL, phrase)
            return Calcul(sujet, NON, f"déposez le RPLS au 1er janvier {millesime} dans rpls/{millesime}/.")
        loyers, numeros = self.con.execute(
            "select count(r.loyer_principal) > 0, count(r.ident_rep) > 0 "
            f"from {SCHEMA}.rpls_logements as r inner join faits as f on r._fichier = f._fichier "
            "and r.code_commune = f.commune where f.produit = 'rpls_logements' and f.epci_siren = ? "
            "and r.millesime = ?",
            [siren, millesime],
        ).fetchall()[0]
        absents = [
            quoi
            for quoi, la in (("ni vacance ni loyers", loyers), ("ni rapprochement avec les baux", numeros))
            if not la
        ]
        if absents:
            phrase = f"fichier de diffusion ouverte : {', '.join(absents)} (fichier restreint requis)."
            return Calcul(sujet, PARTIEL, phrase)
        return Calcul(sujet, OUI, "fichier détaillé, avec loyers et numéros de logement.")

    def _vintages(self, produit: str, siren: str, annee: int, voulu: str) -> list[int]:
        """Vintages of a survey that serve a year: none after it, unless the convention pins one."""
        rows = self.con.execute(
            "select distinct annee from faits where produit = ? and epci_siren = ? and annee is not null",
            [produit, siren],
        ).fetchall()
        return [int(a) for (a,) in rows if (int(a) == int(voulu) if voulu.isdigit() else int(a) <= annee)]

    @staticmethod
    def _latest(sujet: str, bons: Sequence[int], annee: int, voulu: str) -> Calcul:
        if bons:
            return Calcul(sujet, OUI, f"millésime {max(bons)}.")
        attendu = f"le millésime {voulu}" if voulu.isdigit() else f"un millésime de {annee} ou d'avant"
        return Calcul(sujet, NON, f"il manque {attendu} pour ce territoire.")

    def _missing(self, convention: Convention, annee: int) -> Iterator[Reference]:
        siren = convention.siren
        yield from self._threshold(convention, annee)
        if not self._one(
            f"select count(*) from (select produit, date_effet from {SCHEMA}.ref_plafonds union all "
            "select produit, cast(date_effet as date) from livre.plafonds) "
            "where produit = 'PLUS' and extract(year from date_effet) = ?",
            annee,
        ):
            yield _reference("plafonds", "les derniers connus servent", annee=annee)
        yield from self._members(convention, annee)
        yield from self._neighbourhoods(siren, annee)

    def _members(self, convention: Convention, annee: int) -> Iterator[Reference]:
        """What the lists say of the communes of the year: none, an older one, one that lacks some."""
        siren = convention.siren
        listes = [
            int(m)
            for (m,) in self.con.execute(
                f"select distinct millesime from {SCHEMA}.geo_epci_membres where epci_siren = ? order by 1",
                [siren],
            ).fetchall()
        ]
        livree = self._one("select count(*) from sources.livre_epci_membres where epci_siren = ?", siren)
        # A shipped list of the year, or before it and newer than the folder's, serves in its place.
        mieux = livree and self._one(
            "select count(*) from livre.listes_epci where cast(millesime as integer) <= ? "
            "and cast(millesime as integer) > ?",
            *(annee, max((m for m in listes if m <= annee), default=0)),
        )
        if annee not in listes and not mieux and (listes or not livree):
            autre = max((m for m in listes if m <= annee), default=listes[0] if listes else None)
            suite = "ses communes sont inconnues" if autre is None else f"la liste de {autre} sert"
            yield _reference("membres", suite, annee=annee, siren=siren, nom=convention.nom)
        elif listes and not mieux and (absentes := self._left_out(siren, annee, listes)):
            suite = f"la liste déposée n'a pas {', '.join(absentes)}, que la liste livrée y met ; vérifiez-la"
            yield _reference("membres", suite, annee=annee, siren=siren, nom=convention.nom)

    def _left_out(self, siren: str, annee: int, listes: Sequence[int]) -> list[str]:
        """Communes that a shipped list of the year has and the list of the folder that serves has not."""
        rows = self.con.execute(
            "select distinct l.code_commune, coalesce(c.nom, l.code_commune) "
            "from sources.livre_epci_membres as l "
            "left join sources.livre_communes as c on l.code_commune = c.code_commune "
            "where l.epci_siren = ? and ? >= (select min(cast(millesime as integer)) from livre.listes_epci) "
            "and coalesce(year(l.debut), 0) <= ? and coalesce(year(l.fin), 9999) >= ? "
            f"and l.code_commune not in (select code_commune from {SCHEMA}.geo_epci_membres "
            "where epci_siren = ? and millesime = ?) order by 1",
            [siren, annee, annee, annee, siren, max((m for m in listes if m <= annee), default=listes[0])],
        ).fetchall()
        return [f"{nom} ({code})" for code, nom in rows]

    def _threshold(self, convention: Convention, annee: int) -> Iterator[Reference]:
        siren, portee = convention.siren, convention.parametres["portee_seuil_q1"]
        region = self._one(f"select mode(code_region) from ({_DEPARTEMENTS})", siren)
        connues = {
            int(a)
            for (a,) in self.con.execute(
                f"select annee from (select annee, portee, code from {SCHEMA}.ref_seuils_q1 "
                "where seuil is not null union all "
                "select cast(annee as integer), portee, code from livre.seuils_q1) "
                "where (portee = 'epci' and code = ? and ? = 'epci') or (portee = 'region' and code = ?)",
                [siren, portee, region],
            ).fetchall()
        }
        if annee in connues:
            return
        suite = (
            f"celui de {annee - 1} sert, et les objectifs sont provisoires"
            if annee - 1 in connues
            else "les objectifs fondés sur le premier quartile sont indisponibles"
        )
        code = region if portee == "region" else siren
        yield _reference("seuil_q1", suite, annee=annee, portee=portee, code=code)

    def _neighbourhoods(self, siren: str, annee: int) -> Iterator[Reference]:
        """Generations in force in the year, where the territory is, of which there is no list."""
        rows = self.con.execute(
            "select distinct cast(g.generation as integer) from livre.qpv_generations as g "
            f"cross join ({_DEPARTEMENTS}) as d "
            "where cast(case when d.est_outre_mer then g.debut_outre_mer else g.debut end as date) <= ? "
            "and coalesce(cast(case when d.est_outre_mer then g.fin_outre_mer else g.fin end as date), "
            "date '9999-12-31') >= ? order by 1",
            [siren, date(annee, 12, 31), date(annee, 1, 1)],
        ).fetchall()
        for (generation,) in rows:
            donnee = self._one(
                f"select count(*) from {SCHEMA}.qpv_communes where generation = ?", int(generation)
            )
            livree = self._one("select count(*) from sources.livre_qpv where generation = ?", int(generation))
            if not donnee and not livree:
                suite = "seuls les codes et les déclarations des fichiers situent un logement en QPV"
                yield _reference("qpv", suite, generation=generation)


def _reference(reference: str, consequence: str, **valeurs: object) -> Reference:
    textes = {
        cle: str(texte).format_map({"nom": "<nom>", "siren": "<SIREN>", **valeurs})
        for cle, texte in settings()["references"][reference].items()
    }
    return Reference(reference, consequence=consequence, **textes)


def _day(jour: date) -> str:
    return f"{jour:%d/%m/%Y}"
