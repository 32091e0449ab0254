"""The document that every format renders: sections of paragraphs, tables, charts and notices.

It holds content and figures, never markup: HTML, PDF, workbook and data files all start from the same
`Document`, so that they cannot disagree. Building one is the work of `contenu`, `suivi` and the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pipelines.bilan import formats
from pipelines.bilan.donnees import Chiffre

Champ = Literal["valeur", "numerateur", "denominateur", "inconnus", "cible", "atteint", "manque"]
Etat = Literal[
    "atteint",
    "non_atteint",
    "suivi",
    "secret",
    "indisponible",
    "sans_objet",
    "rupture_serie",
    "absent",
    "par_acteur",
]

LIBELLES_ETAT: dict[Etat, str] = {
    "atteint": "objectif atteint",
    "non_atteint": "objectif non atteint",
    "suivi": "suivi, sans objectif chiffré",
    "secret": "secret",
    "indisponible": "indisponible",
    "sans_objet": "sans objet",
    "rupture_serie": "rupture de série",
    "absent": "aucune donnée",
    "par_acteur": "évalué par acteur",
}

NON_COMMUNIQUE = "nc"

PETIT = "*"
"""Follows a number that rests on few households: not to be repeated to whom the edition is not for."""

LIGNES_SECRETES_MAX = 4
"""Beyond this number, rows that only say « secret » are named under their table instead."""


SYNTHESE = "essentiel"
"""The section that is printed whole, but for the tables that say how many of their rows are: it holds what
decides."""

LIGNES_IMPRIMEES, LIGNES_IMPRIMEES_MAX, LIGNES_DISPARATES_MAX = 8, 12, 20
"""Rows of a long table that are printed, the number of rows beyond which a table is long, and beyond which it
is when its rows are indicators that have nothing to be ranked by."""


@dataclass(frozen=True, slots=True)
class Mesure:
    """A cell that shows one field of a figure; `chiffre` is None where the mart has no such row."""

    chiffre: Chiffre | None
    champ: Champ = "valeur"


@dataclass(frozen=True, slots=True)
class Nombre:
    """A cell with a number that is not a figure of the mart (rows read, files, …)."""

    valeur: float | None
    unite: str = "nombre"
    petit: bool = False
    """Whether it rests on few households, and is marked so."""


Cellule = str | Mesure | Nombre


@dataclass(frozen=True, slots=True)
class Colonne:
    """One column of a table; numbers are aligned on the right."""

    titre: str
    nombre: bool = False


@dataclass(frozen=True, slots=True)
class Ligne:
    """One row; the first cell is its header. `forte` marks the row of the whole territory."""

    cellules: tuple[Cellule, ...]
    forte: bool = False
    ancre: str | None = None


@dataclass(frozen=True, slots=True)
class Tableau:
    """A table with its caption. `feuille` is its sheet in the workbook, None when it has none of its own."""

    ident: str
    legende: str
    colonnes: tuple[Colonne, ...]
    lignes: tuple[Ligne, ...]
    feuille: str | None = None
    entier: bool = False
    """Whether paper holds every row, however many."""
    imprimees: int = 0
    """How many of its rows, in their order, paper holds; 0 for as many as of any table."""


@dataclass(frozen=True, slots=True)
class Graphique:
    """A chart, as a finished SVG, with its text alternative and the table that holds its data."""

    ident: str
    titre: str
    description: str
    svg: str
    tableau: str | None = None
    legende: str = ""


@dataclass(frozen=True, slots=True)
class Paragraphe:
    """Text in which figures may be quoted."""

    morceaux: tuple[str | Mesure, ...]
    genre: Literal["normal", "chapo", "note"] = "normal"


@dataclass(frozen=True, slots=True)
class Puces:
    """A list of short paragraphs."""

    elements: tuple[tuple[str | Mesure, ...], ...]


@dataclass(frozen=True, slots=True)
class Manquant:
    """What is missing, and from whom it can be had; shown in place of a section's figures. `bref` replaces
    the text where a chapter before has said it."""

    titre: str
    texte: str
    bref: str = ""


@dataclass(frozen=True, slots=True)
class Encadre:
    """A text that someone typed, or the place left for it (`vide`); `alerte` when it no longer holds."""

    titre: str
    paragraphes: tuple[tuple[str | Mesure, ...], ...]
    genre: Literal["texte", "vide", "alerte"] = "texte"


@dataclass(frozen=True, slots=True)
class Carte:
    """One objective of the summary: its rate, its target, the verdict and the last years."""

    titre: str
    chiffre: Chiffre | None
    etat: Etat
    objectif: str
    detail: str
    annees: tuple[tuple[str, Chiffre | None], ...]

    @property
    def mesure(self) -> Mesure:
        """The figure as a cell."""
        return Mesure(self.chiffre)

    @property
    def mesures(self) -> list[tuple[str, Mesure]]:
        """The last years as cells."""
        return [(annee, Mesure(c)) for annee, c in self.annees]


@dataclass(frozen=True, slots=True)
class Cartes:
    """The cards of the summary."""

    cartes: tuple[Carte, ...]


@dataclass(frozen=True, slots=True)
class Reperes:
    """A few volumes shown large: label and figure."""

    elements: tuple[tuple[str, Mesure], ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """Terms and their definitions."""

    termes: tuple[tuple[str, str], ...]


Bloc = Paragraphe | Puces | Tableau | Graphique | Manquant | Encadre | Cartes | Reperes | Definitions


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part; sub-sections go one level down."""

    ident: str
    titre: str
    blocs: tuple[Bloc, ...] = ()
    sections: tuple["Section", ...] = ()
    nouvelle_page: bool = False
    ecran: bool = False
    """Whether it details what is said elsewhere: the page and the workbook have it, paper names it."""

    def tous_les_blocs(self) -> Iterator[Bloc]:
        """Its blocks and those of its sub-sections, in reading order."""
        yield from self.blocs
        for section in self.sections:
            yield from section.tous_les_blocs()


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. `chiffres` are its figures, in the order of the annex; `identite` its provenance,
    of which `entete` is what stands at the top of the first page; `edition`, on every page, for whom it is.
    """

    nom_fichier: str
    titre: str
    sous_titre: str
    annee: int
    entete: tuple[tuple[str, str], ...]
    identite: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    chiffres: tuple[Chiffre, ...] = field(default=())
    pied: str = "Document produit par l’Observatoire à partir de ses données publiées."
    edition: str = ""

    def blocs(self) -> Iterator[Bloc]:
        """Every block in reading order."""
        for section in self.sections:
            yield from section.tous_les_blocs()

    def tableaux(self) -> list[Tableau]:
        """Every table in reading order."""
        return [bloc for bloc in self.blocs() if isinstance(bloc, Tableau)]

    def a_lire(self) -> "Document":
        """The same document for a reader of pages: no table is a column of « secret ».

        The workbook and the data files keep every row.
        """
        return replace(self, sections=tuple(_section_a_lire(s) for s in self.sections))

    def a_imprimer(self) -> "Document":
        """The same document for paper: of a long table, its largest rows; the page and workbook have all."""
        lu = self.a_lire()
        return replace(lu, sections=tuple(_section_imprimee(s) for s in lu.sections))


def _section_imprimee(section: Section) -> Section:
    if section.ident == SYNTHESE:
        abreges = [
            _abreger(bloc, dessine=False) if isinstance(bloc, Tableau) and bloc.imprimees else [bloc]
            for bloc in section.blocs
        ]
        return replace(section, blocs=tuple(bloc for siens in abreges for bloc in siens))
    dessines = {bloc.tableau for bloc in section.blocs if isinstance(bloc, Graphique)}
    blocs: list[Bloc] = []
    for bloc in section.blocs:
        if isinstance(bloc, Tableau):
            blocs.extend(_abreger(bloc, dessine=bloc.ident in dessines))
        else:
            blocs.append(bloc)
    tues = [s.titre[:1].lower() + s.titre[1:] for s in section.sections if s.ecran]
    if tues:
        blocs.append(Paragraphe((f"Dans la page et dans le classeur : {formats.enumerer(tues)}.",), "note"))
    imprimees = tuple(_section_imprimee(s) for s in section.sections if not s.ecran)
    return replace(section, blocs=tuple(blocs), sections=imprimees)


def _abreger(tableau: Tableau, *, dessine: bool) -> list[Bloc]:
    """The rows of a long table that weigh most, in their order, and the columns that they fill.

    A long table of which a chart shows every row is named, and not printed. Rows that do not count the same
    thing have no largest: the first ones are printed, all of them where they are not many.
    """
    if 0 < tableau.imprimees < len(tableau.lignes):
        suite = f", {tableau.imprimees} lignes sur {len(tableau.lignes)}"
        lignes = tableau.lignes[: tableau.imprimees]
        return [replace(tableau, legende=f"{tableau.legende}{suite}", lignes=lignes)]
    libres = [rang for rang, ligne in enumerate(tableau.lignes) if not (ligne.forte or ligne.ancre)]
    nombres = [rang for rang, c in enumerate(tableau.colonnes) if c.nombre]
    if tableau.entier or not nombres or len(libres) <= LIGNES_IMPRIMEES_MAX:
        return [tableau]
    if dessine:
        mots = f"Le tableau de ce graphique ({len(libres)} lignes) est dans la page et dans le classeur."
        return [Paragraphe((mots,), "note")]
    if _disparates([tableau.lignes[rang].cellules[nombres[0]] for rang in libres]):
        if len(libres) <= LIGNES_DISPARATES_MAX:
            return [tableau]
        lourdes, par = libres, ""
    else:
        cellules = {rang: [tableau.lignes[rang].cellules[place] for place in nombres] for rang in libres}
        # Without a column of totals, the row as a whole.
        denombre = all(
            isinstance(c, Nombre) and c.unite == "nombre" for siennes in cellules.values() for c in siennes
        )
        poids = {
            rang: [nombre(c) for c in siennes[: len(nombres) if denombre else 1]]
            for rang, siennes in cellules.items()
        }
        lourdes = sorted(
            libres, key=lambda rang: (None in poids[rang], -sum(p or 0.0 for p in poids[rang]), rang)
        )
        titre = tableau.colonnes[nombres[0]].titre
        par = ", par leur total" if denombre and len(nombres) > 1 else f", par « {titre} »"
    ecartees = set(lourdes[LIGNES_IMPRIMEES:])
    gardees = [ligne for rang, ligne in enumerate(tableau.lignes) if rang not in ecartees]
    colonnes, lignes = alleger(tableau.colonnes, gardees, [ligne for ligne in gardees if not ligne.forte])
    note = (
        f"Les {LIGNES_IMPRIMEES} premières lignes sur {len(libres)}{par} ; "
        f"toutes sont dans la page et dans le classeur."
    )
    return [replace(tableau, colonnes=colonnes, lignes=lignes), Paragraphe((note,), "note")]


def _disparates(cellules: Sequence[Cellule]) -> bool:
    """Whether the numbers of a column do not count the same thing."""
    choses = {c.unite for c in cellules if isinstance(c, Nombre)}
    choses |= {c.chiffre.indicateur for c in cellules if isinstance(c, Mesure) and c.chiffre is not None}
    return len(choses) > 1


def sans_manques(document: Document) -> Document:
    """The same document without what it says is missing: an edition short on purpose lacks no source."""
    return replace(document, sections=_sans_manques(document.sections))


def _sans_manques(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    gardees = []
    for section in sections:
        blocs = tuple(bloc for bloc in section.blocs if not _manque(bloc))
        sous = _sans_manques(section.sections)
        if sous or any(not isinstance(bloc, Paragraphe) for bloc in blocs):
            gardees.append(replace(section, blocs=blocs, sections=sous))
    return tuple(gardees)


def _manque(bloc: Bloc) -> bool:
    return isinstance(bloc, Manquant) or (isinstance(bloc, Encadre) and bloc.genre == "vide")


def _section_a_lire(section: Section) -> Section:
    blocs: list[Bloc] = []
    for bloc in section.blocs:
        blocs.extend(_replier(bloc) if isinstance(bloc, Tableau) else [bloc])
    return replace(section, blocs=tuple(blocs), sections=tuple(_section_a_lire(s) for s in section.sections))


def _replier(tableau: Tableau) -> list[Bloc]:
    """The table, and the names of its rows that only say « secret » when they are many."""
    secretes = [ligne for ligne in tableau.lignes if _toute_secrete(ligne)]
    if len(secretes) <= LIGNES_SECRETES_MAX:
        return [tableau]
    lisibles = tuple(ligne for ligne in tableau.lignes if not _toute_secrete(ligne))
    noms = ", ".join(texte(ligne.cellules[0]) for ligne in secretes)
    note = f"{len(secretes)} lignes couvertes par le secret statistique ne sont pas affichées : {noms}."
    return [replace(tableau, lignes=lisibles), Paragraphe((note,), "note")]


def _toute_secrete(ligne: Ligne) -> bool:
    """Whether a row has nothing to tell; a row that something points to stays where it is."""
    if ligne.forte or ligne.ancre:
        return False
    vues = [c for c in ligne.cellules[1:] if not (isinstance(c, Mesure) and c.champ == "cible")]
    return any(classe(c) == "secret" for c in vues) and all(
        classe(c) == "secret" or texte(c) in ("", formats.TIRET) for c in vues
    )


def etat(chiffre: Chiffre | None) -> Etat:
    """Say in one word what a reader should make of a figure against its objective."""
    if chiffre is None:
        return "absent"
    if chiffre.statut in ("secret", "indisponible"):
        return chiffre.statut  # type: ignore[return-value]
    if chiffre.statut == "sans_objet":
        return "sans_objet"
    if chiffre.valeur is None:
        return "absent"
    if chiffre.atteint is not None:
        return "atteint" if chiffre.atteint else "non_atteint"
    return "suivi"


def texte(cellule: Cellule) -> str:
    """Write a cell as a reader sees it; a masked or missing figure is a word, never a number."""
    if isinstance(cellule, str):
        return cellule
    if isinstance(cellule, Nombre):
        if cellule.valeur is None:
            return formats.TIRET
        return f"{formats.valeur(cellule.valeur, cellule.unite)}{marque(cellule)}"
    chiffre = cellule.chiffre
    if chiffre is None:
        return formats.TIRET
    if cellule.champ == "cible":
        ecrit = formats.cible(chiffre.operateur, chiffre.cible, chiffre.unite)
        return ecrit or ("sans objet" if chiffre.statut == "sans_objet" else formats.TIRET)
    if cellule.champ == "atteint":
        if chiffre.atteint is None:
            return _mot(chiffre)
        return "✓ oui" if chiffre.atteint else "✗ non"
    brut = nombre(cellule)
    if brut is None:
        return _mot(chiffre, cellule.champ)
    ecrit = formats.valeur(brut, chiffre.unite) if cellule.champ == "valeur" else formats.entier(int(brut))
    return f"{ecrit}{marque(cellule)}"


def est_petit(cellule: Cellule) -> bool:
    """Whether the number of a cell rests on few households; a target rests on none."""
    if isinstance(cellule, Nombre):
        return cellule.petit and cellule.valeur is not None
    if isinstance(cellule, str) or cellule.champ == "cible" or nombre(cellule) is None:
        return False
    return cellule.chiffre is not None and cellule.chiffre.petit_effectif


def en_rupture(cellule: Cellule) -> bool:
    """Whether the number of a cell is not to be compared with those before it."""
    return (
        isinstance(cellule, Mesure)
        and cellule.champ == "valeur"
        and cellule.chiffre is not None
        and cellule.chiffre.statut == "rupture_serie"
        and nombre(cellule) is not None
    )


def marque(cellule: Cellule) -> str:
    """What follows the number of a cell: few households, a broken series."""
    return f"{PETIT if est_petit(cellule) else ''}{f'{formats.FINE}†' if en_rupture(cellule) else ''}"


def nombre(cellule: Cellule) -> float | None:
    """The number behind a cell, or None when it shows a word."""
    if isinstance(cellule, str):
        return None
    if isinstance(cellule, Nombre):
        return cellule.valeur
    if cellule.chiffre is None or cellule.champ == "atteint":
        return None
    brut = getattr(cellule.chiffre, cellule.champ)
    return None if brut is None else float(brut)


def classe(cellule: Cellule) -> str:
    """The way a cell is shown: `oui`, `non`, `absent` or the status that stands for its number."""
    if isinstance(cellule, str | Nombre):
        return ""
    chiffre = cellule.chiffre
    if chiffre is None:
        return "absent"
    if cellule.champ == "cible":
        return ""
    if cellule.champ == "atteint" and chiffre.atteint is not None:
        return "oui" if chiffre.atteint else "non"
    if nombre(cellule) is None and chiffre.statut in ("secret", "indisponible", "sans_objet"):
        return chiffre.statut
    return ""


def _mot(chiffre: Chiffre, champ: Champ = "valeur") -> str:
    if chiffre.statut in ("secret", "indisponible"):
        return LIBELLES_ETAT[chiffre.statut]  # type: ignore[index]
    # The small-cell rule may hide what makes a rate and leave the rate.
    if (
        chiffre.lisible
        and chiffre.unite in ("%", "ratio")
        and champ in ("numerateur", "denominateur", "inconnus")
    ):
        return NON_COMMUNIQUE
    if chiffre.lisible and champ == "manque" and chiffre.atteint is False:
        return NON_COMMUNIQUE
    if chiffre.statut == "sans_objet":
        return "sans objet"
    return formats.TIRET


def alleger(
    colonnes: tuple[Colonne, ...], lignes: Sequence[Ligne], parlantes: Sequence[Ligne] | None = None
) -> tuple[tuple[Colonne, ...], tuple[Ligne, ...]]:
    """Leave out the columns in which no row, or none of `parlantes`, has anything to say; a masked figure is
    something to say."""

    def parle(cellule: Cellule) -> bool:
        if isinstance(cellule, str):
            return cellule not in ("", formats.TIRET)
        if not isinstance(cellule, Mesure):
            return True
        c = cellule.chiffre
        if c is None:
            return False
        if cellule.champ == "valeur":
            return True
        return getattr(c, cellule.champ) is not None or (cellule.champ == "cible" and bool(c.operateur))

    gardees = [0] + [
        rang
        for rang in range(1, len(colonnes))
        if any(parle(ligne.cellules[rang]) for ligne in (lignes if parlantes is None else parlantes))
    ]
    return (
        tuple(colonnes[rang] for rang in gardees),
        tuple(
            Ligne(tuple(ligne.cellules[rang] for rang in gardees), ligne.forte, ligne.ancre)
            for ligne in lignes
        ),
    )
