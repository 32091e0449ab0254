"""The account of one file: what was read, kept, refused and why; the rows of `meta.verrou`,
`meta.avertissements` and `meta.couverture`, and the shape of `meta.conflits`.

Only counts and names belong here, never the content of a row.
"""

import datetime as dt
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# Tables of `meta` that reading fills: what one row is, then type and meaning of each column.
TABLES_META: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "verrou": (
        "Le compte de chaque fichier lu. Grain : un fichier et un produit",
        {
            "fichier": ("VARCHAR", "Chemin du fichier dans le dossier de dépôt."),
            "source": ("VARCHAR", "Source dont le fichier relève."),
            "produit": ("VARCHAR", "Table de « sources » qu'il remplit ; vide : fichier non reconnu."),
            "millesime": ("INTEGER", "Millésime du fichier ; vide : porté par chaque ligne, ou sans objet."),
            "taille": ("BIGINT", "Taille en octets."),
            "sha256": ("VARCHAR", "Empreinte SHA-256 des octets."),
            "lecteur": ("VARCHAR", "Lecteur employé : forme du fichier."),
            "correspondance": ("VARCHAR", "Correspondance de colonnes employée."),
            "version_declaration": ("VARCHAR", "Version de la déclaration du produit."),
            "date_extraction": (
                "DATE",
                "Date de l'extraction : nom du fichier, sinon extractions.yml, sinon fin du millésime ; une "
                "colonne du fichier l'emporte, ligne par ligne.",
            ),
            "lignes_lues": ("BIGINT", "Lignes lues = gardées + fusionnées + en double + en quarantaine."),
            "lignes_gardees": ("BIGINT", "Lignes gardées : chacune est l'origine d'un enregistrement."),
            "lignes_fusionnees": (
                "BIGINT",
                "Lignes qui disent un état d'un enregistrement dont l'origine est une autre ligne.",
            ),
            "lignes_quarantaine": ("BIGINT", "Lignes refusées, décrites dans « quarantaine »."),
            "lignes_doublons": ("BIGINT", "Lignes qui répètent exactement une autre ligne."),
            "corrections": ("BIGINT", "Cellules corrigées par corrections/*.yml."),
            "cellules_ecartees": (
                "BIGINT",
                "Cellules illisibles ou impossibles des lignes gardées, devenues inconnues et décrites dans "
                "« quarantaine ».",
            ),
        },
    ),
    "avertissements": (
        "Ce qu'une personne devrait voir. Grain : un fichier et une règle",
        {
            "source": ("VARCHAR", "Source."),
            "produit": ("VARCHAR", "Produit ; vide : le fichier entier."),
            "fichier": ("VARCHAR", "Chemin du fichier dans le dossier de dépôt."),
            "regle": ("VARCHAR", "Identifiant de la règle."),
            "message": ("VARCHAR", "Ce qui a été constaté, en français."),
            "nombre": ("BIGINT", "Lignes concernées ; vide : l'avertissement ne porte pas sur des lignes."),
            "total": ("BIGINT", "Lignes examinées."),
        },
    ),
    "conflits": (
        "Ce que deux lignes disent autrement du même enregistrement, à la même date et dans le même état. "
        "Grain : un enregistrement, une colonne et une valeur écartée",
        {
            "source": ("VARCHAR", "Source."),
            "produit": ("VARCHAR", "Produit."),
            "regle": (
                "VARCHAR",
                "valeurs_divergentes : la valeur gardée est la plus complète, puis la première dans l'ordre "
                "alphabétique ; deux_declarants : deux bailleurs disent avoir le même logement ; "
                "candidat_ambigu : la ligne pourrait être l'un ou l'autre de deux candidats, gardée à part.",
            ),
            "colonne": ("VARCHAR", "Colonne en désaccord ; vide quand aucune ne tranche."),
            "utilisee": ("BOOLEAN", "Un indicateur peut dépendre de cette colonne."),
            "fichier": ("VARCHAR", "Fichier de la valeur gardée."),
            "ligne": ("BIGINT", "Ligne de la valeur gardée."),
            "valeur": ("VARCHAR", "Valeur gardée ; vide pour un texte libre ou un identifiant de personne."),
            "autre_fichier": ("VARCHAR", "Fichier de la valeur écartée."),
            "autre_ligne": ("BIGINT", "Ligne de la valeur écartée."),
            "autre_valeur": (
                "VARCHAR",
                "Valeur écartée ; vide pour un texte libre ou un identifiant de personne.",
            ),
        },
    ),
    "couverture": (
        "Les communes qui ont perdu des lignes à la lecture. Grain : un fichier et une commune",
        {
            "source": ("VARCHAR", "Source."),
            "produit": ("VARCHAR", "Produit."),
            "millesime": ("INTEGER", "Millésime du fichier."),
            "fichier": ("VARCHAR", "Chemin du fichier dans le dossier de dépôt."),
            "code_commune": ("VARCHAR", "Commune, telle que le fichier la code."),
            "lignes_lues": ("BIGINT", "Lignes lues pour cette commune."),
            "lignes_refusees": ("BIGINT", "Lignes refusées pour cette commune."),
        },
    ),
}


# What only this run knows of a file, and its account in the store does not keep.
_DE_L_EXECUTION = frozenset({"reutilise", "magasin", "date_extraction"})


@dataclass(frozen=True)
class Avertissement:
    """Something a person should see; `nombre` of `total` rows when it is about rows."""

    regle: str
    message: str
    nombre: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class CompteFichier:
    """What one product read from one file. `lignes_lues` = gardees + fusionnees + doublons + quarantaine,
    always.

    Lines are those of the file: a line of a wide file that gives several rows counts once. `produit` is None
    for a file that was recognised as nothing and only gives a warning.
    """

    fichier: str
    source: str
    produit: str | None
    millesime: int | None
    taille: int
    sha256: str
    lecteur: str = ""
    correspondance: str = ""
    version_declaration: str = ""
    lignes_lues: int = 0
    lignes_gardees: int = 0
    lignes_fusionnees: int = 0
    lignes_quarantaine: int = 0
    lignes_doublons: int = 0
    communes_touchees: tuple[tuple[str, int, int], ...] = ()  # commune, lines read, lines refused
    corrections: int = 0
    cellules_ecartees: int = 0  # cells of kept lines that became unknown
    corrections_appliquees: dict[str, int] = field(default_factory=dict)  # fingerprint -> rows
    rangs: int = 0  # rows in the Parquet: more than lines when a line gives several rows
    premiere_ligne: int | None = None  # line of the first row, when the Parquet has no `_ligne` of its own
    champs_lus: tuple[str, ...] = ()  # fields that the file holds, empty or not
    colonnes_ignorees: tuple[str, ...] = ()
    avertissements: tuple[Avertissement, ...] = ()
    cle: str = ""
    magasin: Path = field(default=Path(), compare=False)  # where the rows are, for this run
    reutilise: bool = field(default=False, compare=False)
    date_extraction: dt.date | None = field(default=None, compare=False)  # from its name, which may change

    def __post_init__(self) -> None:
        total = self.lignes_gardees + self.lignes_fusionnees + self.lignes_quarantaine + self.lignes_doublons
        if self.lignes_lues != total:
            raise AssertionError(f"{self.fichier}: {self.lignes_lues} read, {total} accounted for")

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, without what only this run knows."""
        return {k: v for k, v in asdict(self).items() if k not in _DE_L_EXECUTION}

    @classmethod
    def from_json(cls, contenu: dict[str, Any]) -> "CompteFichier":
        """The inverse of `to_json`."""
        contenu = dict(contenu)
        contenu["champs_lus"] = tuple(contenu["champs_lus"])
        contenu["colonnes_ignorees"] = tuple(contenu["colonnes_ignorees"])
        contenu["communes_touchees"] = tuple(tuple(c) for c in contenu["communes_touchees"])
        contenu["avertissements"] = tuple(Avertissement(**a) for a in contenu["avertissements"])
        return cls(**contenu)

    def lock_row(self) -> tuple[Any, ...]:
        """The row of `meta.verrou`, in the order of its columns."""
        return (
            *(self.fichier, self.source, self.produit, self.millesime, self.taille, self.sha256),
            *(self.lecteur, self.correspondance, self.version_declaration, self.date_extraction),
            *(self.lignes_lues, self.lignes_gardees, self.lignes_fusionnees, self.lignes_quarantaine),
            *(self.lignes_doublons, self.corrections, self.cellules_ecartees),
        )

    def coverage_rows(self) -> list[tuple[Any, ...]]:
        """The rows of `meta.couverture`: communes that lost lines, in the order of their columns."""
        return [
            (self.source, self.produit, self.millesime, self.fichier, commune, lues, refusees)
            for commune, lues, refusees in self.communes_touchees
        ]

    def warning_rows(self) -> list[tuple[Any, ...]]:
        """The rows of `meta.avertissements`, in the order of their columns."""
        return [
            (self.source, self.produit, self.fichier, a.regle, a.message, a.nombre, a.total)
            for a in self.avertissements
        ]
