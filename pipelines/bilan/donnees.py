"""What a report reads from a published warehouse: `marts.*` and `meta.*`, read-only, as typed rows.

The only module of the package that holds SQL. It selects and types; it derives nothing: rates, targets,
verdicts and masks come from the mart as they are. A masked figure loses its numbers here as well, so that no
report can show what a wrong row would let through.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import duckdb

from pipelines import libelles
from pipelines.bilan import formats
from pipelines.bilan.complements import (
    Complements,
    Critere,
    Croisee,
    Ecart,
    Evolution,
    Issue,
    Lecture,
    Profil,
    Residence,
    Secteur,
)
from pipelines.edition import PUBLIQUE, SIGNATAIRES, check_edition, open_public, read_mark
from pipelines.errors import DonneesRefusees
from pipelines.lecture_seule import open_read_only

R = TypeVar("R")

ANNEE, SEMESTRE, TRIMESTRE = "annee", "semestre", "trimestre"
MILLESIME = "millesime"
GLISSANTS = ("glissant_6m", "glissant_12m")
TOUS = "tous"
PLAFOND = "<="
"""The operator of a target that is not to be passed."""
INCONNU = "inconnu"
"""Modality of the rows that do not say where they belong."""
PROFONDEUR = 3
"""Number of years a bilan compares: the year itself and those just before it."""


@dataclass(frozen=True, slots=True)
class Chiffre:
    """One row of `marts.indicateurs`, with the columns of the contract."""

    epci_siren: str
    periode_type: str
    periode: str
    indicateur: str
    axe: str
    modalite: str
    modalite_libelle: str
    segment_type: str
    segment: str
    numerateur: int | None
    denominateur: int | None
    inconnus: int | None
    valeur: float | None
    unite: str
    cible: float | None
    operateur: str | None
    atteint: bool | None
    manque: int | None
    statut: str
    source: str
    version_methode: str
    petit_effectif: bool = False

    @property
    def ancre(self) -> str:
        """Identifier of the figure in a page: the columns that make it unique, as a slug."""
        periode = self.periode if self.periode_type == ANNEE else f"{self.periode_type}-{self.periode}"
        segment = TOUS if self.segment_type == TOUS else f"{self.segment_type}-{self.segment}"
        morceaux = (self.indicateur, self.axe, self.modalite, periode, segment)
        return "-".join(formats.slug(morceau) for morceau in morceaux)

    @property
    def plafond(self) -> bool:
        """Whether its target is not to be passed."""
        return self.operateur == PLAFOND

    @property
    def lisible(self) -> bool:
        """Whether there is a number to show."""
        return self.valeur is not None


COLONNES: tuple[str, ...] = tuple(Chiffre.__slots__)
"""Columns of `marts.indicateurs`, in the order of the contract; the data files use the same names."""

_MASQUES = ("numerateur", "denominateur", "inconnus", "valeur", "atteint", "manque")


@dataclass(frozen=True, slots=True)
class Indicateur:
    """One entry of the catalogue `meta.indicateurs`."""

    indicateur: str
    libelle: str
    definition: str = ""
    formule: str = ""
    unite: str = ""
    article: str = ""
    additif: bool | None = None
    source: str = ""
    famille: str = ""
    ordre: int = 0
    version_methode: str = ""
    rupture: str = ""
    historique: str = ""


@dataclass(frozen=True, slots=True)
class Convention:
    """Which convention file a warehouse was built with."""

    epci_siren: str
    nom: str
    slug: str
    version: str
    empreinte: str
    fichier: str
    debut: str
    fin: str


class Vise(NamedTuple):
    """What an objective is about: an indicator, as a whole or on one part of a split."""

    indicateur: str
    segment_type: str = TOUS
    segment: str = TOUS


@dataclass(frozen=True, slots=True)
class Objectif:
    """One objective of the convention, as written in its file."""

    objectif: str
    indicateur: str
    axe: str
    modalite: str
    operateur: str
    cible: float | None
    cible_indicateur: str
    evenement: str
    debut: str
    fin: str
    article: str
    statut: str
    libelle: str
    segment_type: str
    segment: str

    @property
    def vise(self) -> Vise:
        """What the objective is about."""
        return Vise(self.indicateur, self.segment_type, self.segment)

    def en_vigueur(self, annee: int) -> bool:
        """Whether the objective applies on at least one day of the year."""
        return self.debut <= f"{annee}-12-31" and (not self.fin or self.fin >= f"{annee}-01-01")


@dataclass(frozen=True, slots=True)
class Fichiers:
    """What was read of one source and vintage, all files together."""

    source: str
    millesime: str
    fichiers: int
    lues: int
    gardees: int
    ecartees: int
    doublons: int


@dataclass(frozen=True, slots=True)
class Avertissement:
    """A warning that the build gave on the files of a source: how many files, how many of their lines."""

    source: str
    message: str
    fichiers: int
    nombre: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Rapprochement:
    """A control of matching that is past its bound (`meta.appariements`)."""

    source: str
    annee: str
    libelle: str
    sens: str
    valeur: float
    borne: float
    figures: str


@dataclass(frozen=True, slots=True)
class Contour:
    """A polygon to draw, as GeoJSON in longitude and latitude."""

    niveau: str
    code: str
    libelle: str
    geometrie: str


@dataclass(frozen=True, slots=True)
class Suivi:
    """One row of `marts.suivi_semestriel`: what the reinforced follow-up says of a landlord's half-year."""

    semestre: str
    bailleur_siren: str
    date_arrete: str
    date_limite_transmission: str
    date_transmission: str
    transmission: str
    en_suivi_renforce: bool | None
    manquement: bool | None


@dataclass(frozen=True, slots=True)
class Levier:
    """One row of `marts.leviers`: what would reach, there, a target that the whole territory missed.

    For a cap, `manque` counts what is too many.
    """

    indicateur: str
    segment_type: str
    segment: str
    axe: str
    modalite: str
    modalite_libelle: str
    base: int
    comptees: int
    operateur: str
    cible: float
    manque: int
    base_semestre: int | None
    comptees_semestre: int | None
    manque_semestre: int | None
    accessibles: int | None
    accessibles_a_d_autres: int | None

    @property
    def vise(self) -> Vise:
        """What the target is about."""
        return Vise(self.indicateur, self.segment_type, self.segment)

    @property
    def plafond(self) -> bool:
        """Whether the target is not to be passed."""
        return self.operateur == PLAFOND


@dataclass(frozen=True, slots=True)
class Saisie:
    """One entry that a person typed (`meta.saisies`), as its table describes it."""

    rubrique: str
    rang: int
    chapitre: str
    chiffre: str
    valeur: float | None
    titre: str
    texte: str
    complement: str
    etat: str
    jour: str
    nombre: float | None
    total: float | None
    avant: float | None = None
    apres: float | None = None
    manquants: float | None = None


@dataclass(frozen=True)
class Donnees:
    """All that a report on one EPCI needs."""

    epci_siren: str
    nom: str
    annee: int
    annees: tuple[int, ...]
    catalogue: dict[str, Indicateur]
    convention: Convention | None
    objectifs: tuple[Objectif, ...]
    parametres: tuple[tuple[str, str], ...]
    millesimes: dict[int, dict[str, str]]
    fichiers: tuple[Fichiers, ...]
    avertissements: tuple[Avertissement, ...]
    rapprochements: tuple[Rapprochement, ...] | None
    contradictions: tuple[tuple[str, int], ...]
    seuil_q1: str
    empreinte: str
    version_methodes: str
    contours: tuple[Contour, ...]
    suivi: tuple[Suivi, ...]
    chiffres: tuple[Chiffre, ...]
    leviers: tuple[Levier, ...] = ()
    """What would reach the targets that the territory missed in the year, by indicator and axis."""
    complements: Complements = field(default_factory=Complements)
    """Rows of the other marts of the year."""
    saisies: tuple[Saisie, ...] = ()
    """What was typed for the year, in the order of the file."""
    fictives: bool = False
    """Whether the data says of itself that it is made up."""
    arrete: str = ""
    """Latest extraction date of the files that speak of the year, as an ISO date."""
    depart: int = 0
    """First year with figures since the convention began; the territory's own are read since then."""
    seul: bool = True
    """Whether the warehouse holds this territory alone: its files are then all this one's."""
    _index: dict[tuple[str, str, str, str, str, str, str], Chiffre] = field(init=False, default_factory=dict)
    _cles: dict[tuple[str, str], list[Chiffre]] = field(init=False, default_factory=dict)
    _segments: dict[tuple[str, str, int], dict[str, list[str]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for c in self.chiffres:
            cle = (c.indicateur, c.axe, c.modalite, c.segment_type, c.segment, c.periode_type, c.periode)
            self._index[cle] = c
            self._cles.setdefault((c.indicateur, c.axe), []).append(c)

    def indicateur(self, ident: str) -> Indicateur:
        """The catalogue entry, or a bare one named after its identifier."""
        return self.catalogue.get(ident) or Indicateur(ident, ident.replace("_", " "))

    def periodes(self, ident: str, annee: int) -> list[tuple[str, str]]:
        """Where the figures of a year are: the year itself, else the vintage of the source paired with it."""
        vintages = self.millesimes.get(annee, {})
        sources = re.findall(r"[a-z]+", self.indicateur(ident).source.lower())
        paires = [(MILLESIME, vintages[s]) for s in dict.fromkeys(sources) if s in vintages]
        return [(ANNEE, str(annee)), *dict.fromkeys(paires)]

    def chiffre(
        self,
        ident: str,
        axe: str = "epci",
        modalite: str | None = None,
        annee: int | None = None,
        *,
        segment_type: str = TOUS,
        segment: str = TOUS,
    ) -> Chiffre | None:
        """One figure of the bilan's year (or another), None when the mart has no such row."""
        for periode_type, periode in self.periodes(ident, annee or self.annee):
            cle = (ident, axe, modalite or self.epci_siren, segment_type, segment, periode_type, periode)
            if trouve := self._index.get(cle):
                return trouve
        return None

    def vise(
        self, vise: Vise, axe: str = "epci", modalite: str | None = None, annee: int | None = None
    ) -> Chiffre | None:
        """The figure that an objective is about, for one actor and year."""
        return self.chiffre(
            vise.indicateur, axe, modalite, annee, segment_type=vise.segment_type, segment=vise.segment
        )

    def libelle(self, vise: Vise) -> str:
        """Name of what an objective is about."""
        nom = self.indicateur(vise.indicateur).libelle
        if vise.segment_type == TOUS:
            return nom
        return f"{nom} ({libelles.segment(vise.segment_type, vise.segment)})"

    def rang(self, vise: Vise) -> tuple[int, Vise]:
        """Where it comes in the reading order."""
        return self.indicateur(vise.indicateur).ordre, vise

    def objectifs_vises(self, annees: Sequence[int], axe: str | None = None) -> list[Vise]:
        """What the objectives in force in these years are about, in reading order.

        An indicator that has a target in the figures counts too, whether or not the convention is published.
        """
        trouves = {
            o.vise
            for o in self.objectifs
            if o.statut != "sans_objet"
            and axe in (None, o.axe)
            and any(o.en_vigueur(annee) for annee in annees)
        }
        for c in self.chiffres:
            if c.operateur and axe in (None, c.axe) and c.periode_type == ANNEE and int(c.periode) in annees:
                trouves.add(Vise(c.indicateur, c.segment_type, c.segment))
        return sorted(trouves, key=self.rang)

    def a_la_periode(
        self, ident: str | Vise, axe: str, modalite: str, periode_type: str, periode: str
    ) -> Chiffre | None:
        """One figure of an exact period (half-year, quarter, rolling window)."""
        vise = ident if isinstance(ident, Vise) else Vise(ident)
        return self._index.get(
            (vise.indicateur, axe, modalite, vise.segment_type, vise.segment, periode_type, periode)
        )

    def modalites(self, axe: str, indicateurs: Sequence[str]) -> list[tuple[str, str]]:
        """Codes and names met on an axis for these indicators, over all periods read, in reading order.

        Those that bear one name, as neighbourhoods of two generations do, bear their code too.
        """
        noms: dict[str, str] = {}
        for ident in indicateurs:
            for c in self._cles.get((ident, axe), []):
                noms[c.modalite] = c.modalite_libelle or noms.get(c.modalite) or c.modalite
        if len(set(noms.values())) < len(noms):
            fois = Counter(noms.values())
            noms = {code: nom if fois[nom] == 1 else f"{nom} ({code})" for code, nom in noms.items()}

        def rang(paire: tuple[str, str]) -> tuple[object, ...]:
            code, nom = paire
            return (code == INCONNU, (code, "") if axe == "reservataire" else formats.cle_de_tri(nom), code)

        return sorted(noms.items(), key=rang)

    def famille(self, nom: str, sinon: Sequence[str]) -> tuple[str, ...]:
        """Indicators of a family, in the order of the catalogue; `sinon` where there is no catalogue."""
        trouves = tuple(i.indicateur for i in self.catalogue.values() if i.famille == nom)
        return trouves or tuple(sinon)

    def segments(self, ident: str, axe: str = "epci", annee: int | None = None) -> dict[str, list[str]]:
        """Splits (crossed ones left out) of an indicator in the year: type → values, both in order."""
        cle = (ident, axe, annee or self.annee)
        if cle not in self._segments:
            periodes = set(self.periodes(ident, annee or self.annee))
            trouves: dict[str, set[str]] = {}
            for c in self._cles.get((ident, axe), []):
                if (
                    c.segment_type != TOUS
                    and " x " not in c.segment_type
                    and (c.periode_type, c.periode) in periodes
                ):
                    trouves.setdefault(c.segment_type, set()).add(c.segment)
            self._segments[cle] = {nom: sorted(trouves[nom]) for nom in sorted(trouves)}
        return self._segments[cle]

    def croisements(self, ident: str, segment_type: str) -> list[str]:
        """Values of a crossed split of an indicator, for the whole territory in the year."""
        periodes = set(self.periodes(ident, self.annee))
        return sorted(
            {
                c.segment
                for c in self._cles.get((ident, "epci"), [])
                if c.segment_type == segment_type and (c.periode_type, c.periode) in periodes
            }
        )

    def existe(self, ident: str, axe: str) -> bool:
        """Whether an unsegmented figure of the indicator exists on the axis, whatever the period."""
        return any(c.segment_type == TOUS for c in self._cles.get((ident, axe), []))

    def indicateurs(self) -> list[str]:
        """Every indicator that has a figure."""
        return sorted({ident for ident, _ in self._cles})

    def axes(self, ident: str) -> list[str]:
        """Axes on which the indicator exists."""
        return sorted(axe for autre, axe in self._cles if autre == ident)

    def disponible(self, indicateurs: Sequence[str], axe: str | None = None) -> bool:
        """Whether the year has at least one figure of these indicators that a source could produce."""
        for ident in indicateurs:
            periodes = set(self.periodes(ident, self.annee))
            for (autre, autre_axe), chiffres in self._cles.items():
                if autre != ident or (axe is not None and autre_axe != axe):
                    continue
                if any(
                    (c.periode_type, c.periode) in periodes and c.statut != "indisponible" for c in chiffres
                ):
                    return True
        return False

    def millesimes_de(self, ident: str, axe: str = "epci") -> list[str]:
        """Vintages that exist for an indicator, oldest first."""
        return sorted({c.periode for c in self._cles.get((ident, axe), []) if c.periode_type == MILLESIME})


@contextmanager
def ouvrir(
    entrepot: Path, edition: str = SIGNATAIRES, table: tuple[str, str] = ("marts", "indicateurs")
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published warehouse, or the file of one of its editions, read-only.

    Raises DonneesRefusees when it is not one, ObservatoireError when it cannot give that edition.
    """
    if not entrepot.is_file():
        raise DonneesRefusees(
            f"{entrepot} : ce fichier n’existe pas. Construisez l’entrepôt avec « observatoire build »."
        )
    try:
        con = open_read_only(entrepot)
    except duckdb.Error as erreur:
        raise DonneesRefusees(
            f"{entrepot} : ce fichier ne peut pas être lu comme un entrepôt DuckDB "
            f"({type(erreur).__name__}). "
            "Vérifiez le chemin, ou qu’aucun autre programme ne le tient ouvert en écriture."
        ) from erreur
    try:
        check_edition(entrepot, con, edition)
        if edition == PUBLIQUE:
            with open_public(entrepot) as publique:
                yield publique
            return
        if not _colonnes(con, *table):
            raise DonneesRefusees(
                f"{entrepot} : la table {'.'.join(table)} est absente ; ce n’est pas un entrepôt publié."
            )
        yield con
    finally:
        con.close()


def edition_de(entrepot: Path) -> str:
    """The edition that a file gives in full: the signataires one, unless it is the public one."""
    if not entrepot.is_file():
        return SIGNATAIRES
    try:
        with open_read_only(entrepot) as con:
            return PUBLIQUE if read_mark(con).edition == PUBLIQUE else SIGNATAIRES
    except duckdb.Error:
        return SIGNATAIRES


def territoires(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """SIREN and name of every EPCI that has figures, in order of SIREN."""
    lignes = con.execute(
        """
        select epci_siren, min(modalite_libelle) filter (where axe = 'epci' and modalite = epci_siren)
        from marts.indicateurs group by epci_siren order by epci_siren
        """
    ).fetchall()
    noms = {c[0]: c[1] for c in _lire(con, "meta", "conventions", ("epci_siren", "nom"), "epci_siren")}
    return [(siren, noms.get(siren) or nom or siren) for siren, nom in lignes]


def annees_de(con: duckdb.DuckDBPyConnection, epci: str, bailleur: str | None = None) -> list[int]:
    """Years for which an EPCI has yearly figures, or a landlord in it."""
    lignes = con.execute(
        "select distinct periode from marts.indicateurs where epci_siren = $epci and periode_type = $type "
        "and ($bailleur is null or (axe = 'bailleur' and modalite = $bailleur)) order by 1",
        {"epci": epci, "type": ANNEE, "bailleur": bailleur},
    ).fetchall()
    return [int(periode) for (periode,) in lignes if str(periode).isdigit()]


def charger(
    con: duckdb.DuckDBPyConnection,
    epci: str,
    annee: int,
    *,
    profondeur: int = PROFONDEUR,
    periodes: Sequence[str] = (ANNEE,),
    indicateurs: Sequence[str] | None = None,
    axes: Sequence[str] | None = None,
) -> Donnees:
    """Read everything about one EPCI and year; raises DonneesRefusees, naming what is there, otherwise.

    Vintages are always read; `periodes` says which other periods, `indicateurs` and `axes` narrow the
    figures. Without `axes`, crossings of two axes are read only where an objective is set on them.
    """
    connus = territoires(con)
    noms = dict(connus)
    if epci not in noms:
        liste = " ; ".join(f"{siren} ({nom})" for siren, nom in connus[:40]) or "aucun"
        suite = f" ; et {len(connus) - 40} autres" if len(connus) > 40 else ""
        raise DonneesRefusees(
            f"EPCI {epci} : cet entrepôt ne contient aucun chiffre pour lui. "
            f"EPCI présents : {liste}{suite}. "
            "Donnez l’un de ces SIREN, ou reconstruisez l’entrepôt avec ce territoire."
        )
    annees = annees_de(con, epci)
    if annee not in annees:
        liste = ", ".join(map(str, annees)) or "aucune"
        raise DonneesRefusees(
            f"{noms[epci]} ({epci}) : pas de chiffres pour l’année {annee}. "
            f"Années présentes : {liste}. Donnez l’une d’elles, ou déposez les fichiers de {annee} "
            "et reconstruisez l’entrepôt."
        )
    fenetre = tuple(a for a in annees if annee - profondeur < a <= annee)
    verrou, version_methodes = empreinte(con)
    convention = _convention(con, epci, annee)
    objectifs = _objectifs(con, epci)
    debut = convention.debut[:4] if convention else ""
    depart = min((a for a in annees if debut <= str(a) <= str(annee)), default=fenetre[0])
    # What is left of a commune beside its zones is classed too.
    croises = sorted({"commune x secteur"} | {o.axe for o in objectifs if " x " in o.axe})
    return Donnees(
        epci_siren=epci,
        nom=noms[epci],
        annee=annee,
        annees=fenetre,
        catalogue=catalogue(con),
        convention=convention,
        objectifs=objectifs,
        parametres=tuple(
            (str(p), _texte(v))
            for p, v in _lire(
                con,
                "meta",
                "convention_parametres",
                ("parametre", "valeur"),
                "parametre",
                filtre=("epci_siren", epci),
            )
        ),
        millesimes=_millesimes(con, epci),
        fichiers=_fichiers(con),
        avertissements=_avertissements(con),
        rapprochements=_rapprochements(con, epci),
        contradictions=_contradictions(con),
        seuil_q1=_seuil_q1(con, epci, annee),
        empreinte=verrou,
        version_methodes=version_methodes,
        contours=_contours(con, epci),
        suivi=_suivi(con, epci),
        chiffres=_chiffres(
            con,
            epci,
            (fenetre, depart),
            periodes=periodes,
            indicateurs=indicateurs,
            axes=axes,
            croises=croises,
        ),
        leviers=_leviers(con, epci, annee),
        complements=_complements(con, epci, annee),
        saisies=_saisies(con, epci, annee),
        fictives=_fictives(con),
        arrete=_arrete(con, annee),
        depart=depart,
        seul=len(connus) == 1,
    )


_ECRITS = ("definition", "formule", "rupture")
"""Texts of the catalogue that a page shows; the rest are codes, and what is compared with them."""


def catalogue(con: duckdb.DuckDBPyConnection) -> dict[str, Indicateur]:
    """The catalogue of indicators, in its own order."""
    colonnes = tuple(Indicateur.__slots__)
    entrees: dict[str, Indicateur] = {}
    for ligne in _lire(con, "meta", "indicateurs", colonnes, "ordre, indicateur"):
        champs = dict(zip(colonnes, ligne, strict=True))
        entrees[champs["indicateur"]] = Indicateur(
            indicateur=champs["indicateur"],
            libelle=formats.typographie(_texte(champs["libelle"])) or champs["indicateur"],
            additif=champs["additif"],
            ordre=int(champs["ordre"] or 0),
            **{
                nom: formats.typographie(_texte(champs[nom])) if nom in _ECRITS else _texte(champs[nom])
                for nom in colonnes
                if nom not in ("indicateur", "libelle", "additif", "ordre")
            },
        )
    return entrees


def empreinte(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Fingerprint of the lock and version of the methods; empty strings when they are not published."""
    lignes = _lire(con, "meta", "empreinte", ("empreinte", "version_methodes"), "empreinte")
    return (_texte(lignes[0][0]), _texte(lignes[0][1])) if lignes else ("", "")


def debut_convention(con: duckdb.DuckDBPyConnection, epci: str, annee: int) -> str:
    """First day of the convention in force in a year, as an ISO date; empty when it is not known."""
    convention = _convention(con, epci, annee)
    return convention.debut if convention else ""


def exemples(con: duckdb.DuckDBPyConnection) -> dict[str, Chiffre]:
    """One published figure per indicator, always the same one: the first EPCI, its latest period."""
    lignes = con.execute(
        f"""
        select {", ".join(_guillemets(c) for c in COLONNES)}
        from marts.indicateurs
        where statut = 'publiable' and valeur is not null and periode_type in ('annee', 'millesime')
        qualify row_number() over (
            partition by indicateur
            order by
                axe <> 'epci', epci_siren, segment_type <> 'tous', periode desc,
                axe, modalite, segment_type, segment
        ) = 1
        """
    ).fetchall()
    return {c.indicateur: c for c in map(_chiffre, lignes)}


def dictionnaire(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str, str]]:
    """Rows of `meta.dictionnaire`: schema, table, column, type, description."""
    colonnes = ("schema", "table", "colonne", "type", "description")
    lignes = _lire(con, "meta", "dictionnaire", colonnes, None)
    return [(_texte(a), _texte(b), _texte(c), _texte(d), _texte(e)) for a, b, c, d, e in lignes]


def _chiffres(
    con: duckdb.DuckDBPyConnection,
    epci: str,
    annees: tuple[Sequence[int], int],
    *,
    periodes: Sequence[str],
    indicateurs: Sequence[str] | None,
    axes: Sequence[str] | None,
    croises: Sequence[str],
) -> tuple[Chiffre, ...]:
    # There are thousands of residences and hundreds of IRIS: they have no place in a document.
    lignes = con.execute(
        f"""
        select {", ".join(_guillemets(c) for c in COLONNES)}
        from marts.indicateurs
        where epci_siren = $epci
          and ($indicateurs is null or list_contains($indicateurs, indicateur))
          and (
            list_contains($axes, axe)
            or ($axes is null and axe not in ('residence', 'iris')
                and (position(' x ' in axe) = 0 or list_contains($croises, axe)))
          )
          and (
            periode_type = 'millesime'
            or (list_contains($periodes, periode_type)
                and (list_contains($annees, try_cast(left(periode, 4) as integer))
                     or (axe = 'epci' and try_cast(periode as integer) between $depart and $annee)))
          )
        order by indicateur, axe, modalite, segment_type, segment, periode_type, periode
        """,
        {
            "epci": epci,
            "annees": list(annees[0]),
            "depart": annees[1],
            "annee": max(annees[0]),
            "periodes": list(periodes),
            "indicateurs": None if indicateurs is None else list(indicateurs),
            "axes": None if axes is None else list(axes),
            "croises": list(croises),
        },
    ).fetchall()
    return tuple(_chiffre(ligne) for ligne in lignes)


def _chiffre(ligne: tuple[Any, ...]) -> Chiffre:
    champs = dict(zip(COLONNES, ligne, strict=True))
    if champs["statut"] in ("secret", "indisponible"):
        for nom in _MASQUES:
            champs[nom] = None
    for nom in ("valeur", "cible"):
        champs[nom] = None if champs[nom] is None else float(champs[nom])
    for nom in ("modalite_libelle", "source", "version_methode", "unite"):
        champs[nom] = _texte(champs[nom])
    champs["modalite_libelle"] = champs["modalite_libelle"] or champs["modalite"]
    champs["petit_effectif"] = bool(champs["petit_effectif"])
    return Chiffre(**champs)


def _convention(con: duckdb.DuckDBPyConnection, epci: str, annee: int) -> Convention | None:
    colonnes = tuple(Convention.__slots__)
    lignes = _lire(con, "meta", "conventions", colonnes, "debut", filtre=("epci_siren", epci))
    conventions = [Convention(*(_texte(v) for v in ligne)) for ligne in lignes]
    commencees = [c for c in conventions if not c.debut or c.debut <= f"{annee}-12-31"]
    retenues = commencees or conventions
    return retenues[-1] if retenues else None


def _objectifs(con: duckdb.DuckDBPyConnection, epci: str) -> tuple[Objectif, ...]:
    colonnes = tuple(Objectif.__slots__)
    lignes = _lire(
        con,
        "meta",
        "convention_objectifs",
        colonnes,
        "indicateur, axe, modalite, debut, objectif",
        filtre=("epci_siren", epci),
    )
    objectifs = []
    for ligne in lignes:
        champs = dict(zip(colonnes, ligne, strict=True))
        cible = champs.pop("cible")
        for nom in ("segment_type", "segment"):
            champs[nom] = champs[nom] or TOUS
        champs["libelle"] = formats.typographie(_texte(champs["libelle"]))
        objectifs.append(
            Objectif(
                cible=None if cible is None else float(cible),
                **{nom: _texte(valeur) for nom, valeur in champs.items()},
            )
        )
    return tuple(objectifs)


def _millesimes(con: duckdb.DuckDBPyConnection, epci: str) -> dict[int, dict[str, str]]:
    paires: dict[int, dict[str, str]] = {}
    colonnes = ("annee", "source", "millesime")
    for annee, source, millesime in _lire(
        con, "meta", "millesimes", colonnes, "annee, source", filtre=("epci_siren", epci)
    ):
        if millesime is not None:
            paires.setdefault(int(annee), {})[str(source).lower()] = _texte(millesime)
    return paires


def _fichiers(con: duckdb.DuckDBPyConnection) -> tuple[Fichiers, ...]:
    if not _colonnes(con, "meta", "verrou"):
        return ()
    lignes = con.execute(
        """
        select source, cast(millesime as varchar), count(*), sum(lignes_lues)::bigint,
               sum(lignes_gardees)::bigint, sum(lignes_quarantaine)::bigint, sum(lignes_doublons)::bigint
        from meta.verrou group by 1, 2 order by 1, 2
        """
    ).fetchall()
    return tuple(
        Fichiers(_texte(s), _texte(m), n, int(lues or 0), int(g or 0), int(q or 0), int(d or 0))
        for s, m, n, lues, g, q, d in lignes
    )


def _avertissements(con: duckdb.DuckDBPyConnection) -> tuple[Avertissement, ...]:
    if not _colonnes(con, "meta", "avertissements"):
        return ()
    # Without a total, the number counts no lines (columns, sheets): it is in the message.
    lignes = con.execute(
        """
        select source, message, count(distinct fichier),
               (sum(nombre) filter (where total is not null))::bigint, sum(total)::bigint
        from meta.avertissements group by 1, 2 order by 1, 2
        """
    ).fetchall()
    return tuple(Avertissement(_texte(s), _texte(m), n, nombre, total) for s, m, n, nombre, total in lignes)


def _rapprochements(con: duckdb.DuckDBPyConnection, epci: str) -> tuple[Rapprochement, ...] | None:
    """Controls past their bound, of the territory and of all together; None when none was ever made."""
    if not _colonnes(con, "meta", "appariements"):
        return None
    lignes = con.execute(
        """
        select source, cast(annee as varchar), libelle, sens, valeur, cast(borne_alerte as double), figures
        from meta.appariements
        where etat = 'alerte' and (epci_siren is null or epci_siren = ?)
        order by controle, sens, annee, epci_siren nulls first
        """,
        [epci],
    ).fetchall()
    return tuple(Rapprochement(*ligne) for ligne in lignes)


def _contradictions(con: duckdb.DuckDBPyConnection) -> tuple[tuple[str, int], ...]:
    """Per source, how often exports disagree on something that a figure uses."""
    if "regle" not in _colonnes(con, "meta", "avertissements"):
        return ()
    lignes = con.execute(
        "select source, sum(nombre) from meta.avertissements where regle = 'conflit' "
        "group by source order by source"
    ).fetchall()
    return tuple((_texte(source), int(nombre)) for source, nombre in lignes)


def _seuil_q1(con: duckdb.DuckDBPyConnection, epci: str, annee: int) -> str:
    """What `meta.seuils_q1` says of the year's threshold: empty when it is known, or when none is needed."""
    colonnes = ("annee", "message", "seuil_estime")
    lignes = _lire(con, "meta", "seuils_q1", colonnes, "annee", filtre=("epci_siren", epci))
    for an, message, estime in lignes:
        if an != annee or not message:
            continue
        # The public edition has no estimate.
        if estime is None:
            return _texte(message)
        return (
            f"{_texte(message)} À titre d'information, le 25e centile des ressources des demandeurs au "
            f"31 décembre précédent est de {round(estime)} euros : cette estimation ne juge aucun objectif."
        )
    return ""


def _typed_table(con: duckdb.DuckDBPyConnection) -> str:
    """The table of what was typed: whole, or the part of it that an edition for everybody holds."""
    return "saisies" if _colonnes(con, "meta", "saisies") else "saisies_publiques"


def _saisies(con: duckdb.DuckDBPyConnection, epci: str, annee: int) -> tuple[Saisie, ...]:
    colonnes = ("annee", *Saisie.__slots__)
    lignes = _lire(con, "meta", _typed_table(con), colonnes, "rubrique, rang", filtre=("epci_siren", epci))
    return tuple(
        Saisie(
            rubrique,
            int(rang),
            chapitre or "",
            chiffre or "",
            valeur,
            titre or "",
            texte or "",
            complement or "",
            etat or "",
            _texte(jour),
            nombre,
            total,
            avant,
            apres,
            manquants,
        )
        for (
            de,
            rubrique,
            rang,
            chapitre,
            chiffre,
            valeur,
            titre,
            texte,
            complement,
            etat,
            jour,
            nombre,
            total,
            avant,
            apres,
            manquants,
        ) in lignes
        if de == annee
    )


def _fictives(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether any typed file of the warehouse says that its data is made up: then all of it is."""
    return bool(
        _lire(con, "meta", _typed_table(con), ("rang",), None, filtre=("rubrique", "donnees_fictives"))
    )


def _arrete(con: duckdb.DuckDBPyConnection, annee: int) -> str:
    lignes = _lire(con, "meta", "verrou", ("date_extraction",), None, filtre=("millesime", str(annee)))
    return max((_texte(date) for (date,) in lignes if date), default="")


def _contours(con: duckdb.DuckDBPyConnection, epci: str) -> tuple[Contour, ...]:
    colonnes = tuple(Contour.__slots__)
    lignes = _lire(con, "marts", "contours", colonnes, "niveau, code", filtre=("epci_siren", epci))
    return tuple(Contour(*(_texte(v) for v in ligne)) for ligne in lignes if ligne[3])


def _suivi(con: duckdb.DuckDBPyConnection, epci: str) -> tuple[Suivi, ...]:
    colonnes = tuple(Suivi.__slots__)
    lignes = _lire(
        con, "marts", "suivi_semestriel", colonnes, "semestre, bailleur_siren", filtre=("epci_siren", epci)
    )
    return tuple(
        Suivi(
            _texte(s), _texte(b), _texte(arrete), _texte(limite), _texte(date), _texte(etat), renforce, manque
        )
        for s, b, arrete, limite, date, etat, renforce, manque in lignes
    )


def _leviers(con: duckdb.DuckDBPyConnection, epci: str, annee: int) -> tuple[Levier, ...]:
    colonnes = (*Levier.__slots__, "annee")
    lignes = _lire(
        con,
        "marts",
        "leviers",
        colonnes,
        "indicateur, segment_type, segment, axe, modalite",
        filtre=("epci_siren", epci),
    )
    return tuple(Levier(*valeurs) for *valeurs, de in lignes if de == annee)


def _complements(con: duckdb.DuckDBPyConnection, epci: str, annee: int) -> Complements:
    calendrier = _lire(con, "meta", "convention_calendrier", ("rapport",), None, filtre=("epci_siren", epci))

    def lire(table: str, classe: type[R], condition: str) -> tuple[R, ...]:
        return _rangees(con, table, classe, condition, epci=epci, annee=annee)

    return Complements(
        lectures=lire("sensibilite", Lecture, "annee = $an"),
        residences=lire(
            "residences_enjeu",
            Residence,
            "est_retenue and year(date_liste) <= $an and year(date_renouvellement) > $an",
        ),
        criteres=lire("fragilite_criteres", Critere, "annee = $an and axe in ('qpv', 'zone')"),
        ecarts=lire(
            "portraits_quartiers",
            Ecart,
            "rang_commune = 1 and segment_type in ('tous', 'concept') "
            "and try_cast(periode as integer) <= $an + 1",
        ),
        evolutions=lire("evolutions", Evolution, "axe = 'epci' and segment_type in ('tous', 'concept')"),
        profils=lire("profils_publics", Profil, "annee = $an"),
        issues=lire("issues", Issue, "annee = $an"),
        croisees=lire("tension_croisee", Croisee, "annee = $an"),
        secteurs=lire("suivi_secteurs", Secteur, "left(periode, 4)::integer = $an"),
        calendrier=frozenset(_texte(rapport) for (rapport,) in calendrier),
    )


def _rangees(
    con: duckdb.DuckDBPyConnection, table: str, classe: type[R], condition: str, *, epci: str, annee: int
) -> tuple[R, ...]:
    """Rows of a mart as typed ones, its texts never NULL; an absent table gives none."""
    presentes = _colonnes(con, "marts", table)
    champs = list(classe.__annotations__)
    if not presentes.issuperset(champs):
        return ()
    textes = [classe.__annotations__[c] is str for c in champs]
    lignes = con.execute(
        f"select {', '.join(_guillemets(c) for c in champs)} from marts.{_guillemets(table)} "
        f"where epci_siren = $epci and {condition} order by all",
        {"epci": epci, "an": annee} if "$an" in condition else {"epci": epci},
    ).fetchall()
    return tuple(
        classe(*(_texte(v) if est_texte else v for v, est_texte in zip(ligne, textes, strict=True)))
        for ligne in lignes
    )


def _lire(
    con: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    colonnes: Sequence[str],
    ordre: str | None,
    *,
    filtre: tuple[str, str] | None = None,
) -> list[tuple[Any, ...]]:
    """Read named columns of a supporting table; an absent table gives no row, an absent column NULL."""
    presentes = _colonnes(con, schema, table)
    if not presentes:
        return []
    choix = ", ".join(_guillemets(c) if c in presentes else f"null as {_guillemets(c)}" for c in colonnes)
    ou = f"where {_guillemets(filtre[0])} = ?" if filtre else ""
    tri = f"order by {ordre}" if ordre else "order by all"
    requete = f"select {choix} from {_guillemets(schema)}.{_guillemets(table)} {ou} {tri} nulls first"
    return con.execute(requete, [filtre[1]] if filtre else []).fetchall()


def _colonnes(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> set[str]:
    lignes = con.execute(
        "select column_name from information_schema.columns where table_schema = ? and table_name = ?",
        [schema, table],
    ).fetchall()
    return {nom for (nom,) in lignes}


def _guillemets(nom: str) -> str:
    return '"' + nom.replace('"', '""') + '"'


def _texte(valeur: object) -> str:
    return "" if valeur is None else str(valeur)
