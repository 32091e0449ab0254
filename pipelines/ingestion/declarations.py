"""What the project knows of each table of schema `sources`, read from `declarations/*.yml`.

A table is declared once: columns, types, units, codes, bounds, rules, key. The pandera schema, the DuckDB
types, the column comments, the dictionary and the empty tables all come from here. How the columns of one
layout map to these fields belongs in `correspondances`; nothing here opens a data file.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

DOSSIER = Path(__file__).parent / "declarations"
_LIBELLES = Path(__file__).parent / "libelles.yml"

# Semantic type -> DuckDB type. A decimal carries its own precision: `decimal(9,2)`.
TYPES_DUCKDB = {
    "texte": "VARCHAR",
    "commune": "VARCHAR",
    "departement": "VARCHAR",
    "region": "VARCHAR",
    "siren": "VARCHAR",
    "qpv": "VARCHAR",
    "iris": "VARCHAR",
    "territoire": "VARCHAR",
    "num_rpls": "VARCHAR",
    "personne": "VARCHAR",
    "entier": "INTEGER",
    "grand_entier": "BIGINT",
    "annee": "INTEGER",
    "reel": "DOUBLE",
    "booleen": "BOOLEAN",
    # A list of codes about a person (`motif`): whether there is one is kept, not which.
    "presence": "BOOLEAN",
    "date": "DATE",
    "mois": "DATE",
}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_RELATIVE = re.compile(r"extraction(?:([+-])(\d+))?")
# Types whose values name a thing: what is empty there is said once for all (`valeurs.yml`).
_IDENTIFIANTS = frozenset(
    {"commune", "departement", "region", "siren", "qpv", "iris", "num_rpls", "personne"}
)

COLONNES_COMMUNES = {
    "millesime": (
        "INTEGER",
        "Millésime de la donnée (année) : colonne du fichier si elle existe, sinon dossier ou nom du "
        "fichier ; vide si la donnée n'est pas datée",
    ),
    "date_extraction": (
        "DATE",
        "Date de l'extraction la plus récente qui dit l'enregistrement : colonne du fichier, sinon son nom, "
        "sinon extractions.yml, sinon fin du millésime",
    ),
    "champs_absents": (
        "VARCHAR",
        "Champs qu'aucun des fichiers de l'enregistrement ne contient, entre virgules (« ,dalo,pdalhpd, ») : "
        "ils sont inconnus pour lui ; vide si tous y sont",
    ),
    "_fichier": ("VARCHAR", "Fichier d'origine, relatif au dossier de dépôt"),
    "_ligne": ("BIGINT", "Ligne dans le fichier d'origine (1 = première ligne, en-tête compris)"),
}
# Those of the common columns that a file may give, row by row.
COMMUNES_LUES = ("millesime", "date_extraction")
COLONNES_QUARANTAINE = {
    "_fichier": ("VARCHAR", "Fichier d'origine, relatif au dossier de dépôt"),
    "_ligne": ("BIGINT", "Ligne du fichier d'origine"),
    "colonne": ("VARCHAR", "Colonne(s) en cause ; vide quand aucune ne l'est en particulier"),
    "valeur": (
        "VARCHAR",
        "Valeur refusée ; « (masqué) » dans un fichier de personnes quand elle n'a pas la forme de sa "
        "colonne (nombre, date, code)",
    ),
    "regle": ("VARCHAR", "Règle qui refuse la valeur ou la ligne"),
    "message": ("VARCHAR", "Explication de la règle"),
    "portee": (
        "VARCHAR",
        "ligne : la ligne entière est refusée ; cellule : la ligne est gardée, la cellule devient inconnue",
    ),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selon(_Strict):
    """A code whose kind depends on another column of the row: the semantic type of each of its values."""

    champ: str
    types: dict[str, str]

    @field_validator("types")
    @classmethod
    def _text_types(cls, value: dict[str, str]) -> dict[str, str]:
        if inconnus := sorted(t for t in value.values() if TYPES_DUCKDB.get(t) != "VARCHAR"):
            raise ValueError(f"types de code inconnus : {inconnus}")
        return value


class Champ(_Strict):
    """One column of a `sources` table.

    Bounds are numbers; those of a date, a month or a year may be a date, or `extraction` and a number of
    years (`extraction+2`): they also say of which century a year of two digits is.
    """

    nom: str
    type: str
    description: str
    unite: str | None = None
    requis: bool = False  # the column must be in the file
    obligatoire: bool = False  # the value must be there on every row
    defaut: str | None = None
    nuls: tuple[str, ...] = ()
    codes: dict[str, str] | None = None
    valeurs: dict[str, str] = Field(default_factory=dict)
    min: float | date | str | None = None
    max: float | date | str | None = None
    motif: str | None = None
    # No figure is made with it: two files that disagree on it are told, and warn of nothing.
    indicatif: bool = False
    selon: Selon | None = None
    identifiant: bool = False  # a text that names a thing: its empty tokens are those of identifiers
    # Emptied, it would make another thing of the row: only its own tokens are empty (`nuls`), and a cell that
    # cannot be read costs the row.
    decisif: bool = False
    etiquette: bool = False  # a code that no list knows: case, accents and spaces make no other one of it
    polygone: str | None = None  # SQL over a row: where it is true, the text is a polygon

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value not in TYPES_DUCKDB and not _DECIMAL.fullmatch(value):
            raise ValueError(f"type inconnu : {value}")
        return value

    @field_validator("min", "max")
    @classmethod
    def _known_bound(cls, value: float | date | str | None) -> float | date | str | None:
        if isinstance(value, str) and not _RELATIVE.fullmatch(value):
            raise ValueError(f"borne inconnue : {value}")
        return value

    @model_validator(mode="after")
    def _list_of_something(self) -> "Champ":
        if self.type == "presence" and self.motif is None:
            raise ValueError(f"{self.nom} : une présence dit la forme de sa liste (motif)")
        return self

    @model_validator(mode="after")
    def _typed_bounds(self) -> "Champ":
        for borne in (self.min, self.max):
            if isinstance(borne, (date, str)) and not self.temporel:
                raise ValueError(f"{self.nom} : une borne de date sur un champ qui n'en est pas une")
        return self

    @property
    def temporel(self) -> bool:
        """Whether the column holds dates, months or years."""
        return self.type in {"date", "mois", "annee"}

    @property
    def nomme(self) -> bool:
        """Whether the column names a thing: an identifier, whose empty tokens are those of `valeurs.yml`."""
        return (self.identifiant or self.type in _IDENTIFIANTS) and not self.decisif

    @property
    def texte_libre(self) -> bool:
        """Whether anything at all may be typed there."""
        return self.type == "texte" and self.codes is None and self.selon is None

    @property
    def type_duckdb(self) -> str:
        """The DuckDB type of the column."""
        return TYPES_DUCKDB.get(self.type) or self.type.upper()

    @property
    def echelle(self) -> tuple[int, int] | None:
        """Precision and scale of a decimal, None for other types."""
        found = _DECIMAL.fullmatch(self.type)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def pourcentage(self) -> bool:
        """Whether values are in hundredths: 65 for 65 %."""
        return self.unite == "%"

    @property
    def numerique(self) -> bool:
        """Whether null tokens that are numbers are compared as numbers (`9999,00` is `9999`)."""
        return self.echelle is not None or self.type in {"entier", "grand_entier", "annee", "reel"}

    @property
    def commentaire(self) -> str:
        """French comment of the column: description, unit and codes."""
        parts = [self.description]
        if self.unite:
            parts.append(f"Unité : {self.unite}")
        if self.codes:
            parts.append("Codes : " + " ; ".join(f"{c} = {label}" for c, label in self.codes.items()))
        return ". ".join(p.rstrip(".") for p in parts)


def relative_bound(borne: str) -> int:
    """Years after the extraction that a bound such as `extraction+2` says (negative: before)."""
    trouve = _RELATIVE.fullmatch(borne)
    if trouve is None:
        raise ValueError(f"borne inconnue : {borne}")
    return int(f"{trouve[1] or '+'}{trouve[2] or 0}")


class Regle(_Strict):
    """A rule over the columns of one row, in SQL; an unknown (NULL) result passes, as in an SQL CHECK.

    A row that breaks a rule of level `rejet` loses the `cellules` that the rule names, and stays; without
    them it is refused whole.
    """

    nom: str
    sql: str
    colonnes: tuple[str, ...]
    message: str
    gravite: Literal["rejet", "alerte"] = "rejet"
    cellules: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _cells_are_of_the_rule(self) -> "Regle":
        if self.cellules and self.gravite != "rejet":
            raise ValueError(f"{self.nom} : une alerte ne vide aucune cellule")
        if etrangeres := set(self.cellules) - set(self.colonnes):
            raise ValueError(f"{self.nom} : cellules étrangères à la règle {sorted(etrangeres)}")
        return self


class Etats(_Strict):
    """How the rows of one thing follow one another; the latest extraction always comes first."""

    # SQL over a row: within one extraction, the highest is the most advanced state.
    avancement: str | None = None
    # The field that says who declares, and SQL over a row: of several holders, one for whom it is true is
    # the right one.
    declarant: str | None = None
    presence: str | None = None
    # The key holds the date: the states are records, and a value is that of the last state that gives one,
    # but for these fields, which a later state may well have lost.
    suite_sauf: tuple[str, ...] | None = None
    # Fields that say one thing together: they come from the last state that gives one of them.
    ensembles: tuple[tuple[str, ...], ...] = ()
    # A value that is worked out from others, and these: it is void once a later state changes one of them.
    derives: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Rapprochement(_Strict):
    """An identity that a row may not give whole: the key says who and when, `objet` of what."""

    objet: str
    # Rows without `objet` are the same thing when nothing that both give of these disagrees.
    accords: tuple[str, ...]
    # What stands for an empty field of the key.
    repli: dict[str, str] = Field(default_factory=dict)


class Produit(_Strict):
    """One table of schema `sources`: what a row is, who produces it, its columns and its rules."""

    produit: str
    source: str
    titre: str
    description: str
    grain: str
    producteur: str
    licence: str
    restreint: bool = False
    dossiers: tuple[str, ...]
    millesime_requis: bool = True
    cle: tuple[str, ...] = ()  # what makes two rows one thing; empty: every row is a thing
    rapprochement: Rapprochement | None = None
    etats: Etats = Etats()
    # Rows without their key are as many things as one file repeats them, from a file to another the same.
    exemplaires: bool = False
    commune: str | None = None  # field whose coverage, read against kept, is followed
    tolerance: float = 0.02  # share of refused lines; 0: nothing at all may be wrong, not even a cell
    tolerance_cellules: float = 0.05  # share of unreadable cells of a column, above which a person is told
    necessaires: tuple[tuple[str, ...], ...] = ()  # of each group, a row must have one value at least
    nuls: tuple[str, ...] = ()
    champs: tuple[Champ, ...]
    regles: tuple[Regle, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Produit":
        noms = [c.nom for c in self.champs]
        if len(set(noms)) != len(noms):
            raise ValueError(f"{self.produit} : un champ est déclaré deux fois")
        connus = set(noms) | set(COMMUNES_LUES)
        r = self.rapprochement
        rapproches = (r.objet, *r.accords, *r.repli, *r.repli.values()) if r else ()
        seuls = [c for c in (self.commune, self.etats.declarant, *(self.etats.suite_sauf or ())) if c]
        seuls += [c.selon.champ for c in self.champs if c.selon]
        derives = ((nom, *sources) for nom, sources in self.etats.derives.items())
        listes = (*self.necessaires, *self.etats.ensembles, *derives, *(r.colonnes for r in self.regles))
        for usage in [self.cle, rapproches, seuls, *listes]:
            if inconnus := set(usage) - connus:
                raise ValueError(f"{self.produit} : champs inconnus {sorted(inconnus)}")
        return self

    @property
    def stricte(self) -> bool:
        """Whether one bad cell refuses its line: a small table typed by hand, where guessing is worse."""
        return self.tolerance == 0

    @property
    def personnel(self) -> bool:
        """Whether its rows are about persons: what is typed in a wrong column is then kept nowhere."""
        return bool(self.personnes)

    def champ(self, nom: str) -> Champ:
        """The declared field of that name."""
        return next(c for c in self.champs if c.nom == nom)

    @property
    def personnes(self) -> tuple[str, ...]:
        """Fields that identify a person: hashed on entry, never shown."""
        return tuple(c.nom for c in self.champs if c.type == "personne")

    @property
    def colonnes(self) -> dict[str, str]:
        """Columns of the `sources` table with their DuckDB types, in order."""
        return {c.nom: c.type_duckdb for c in self.champs} | {n: t for n, (t, _) in COLONNES_COMMUNES.items()}

    @property
    def version(self) -> str:
        """Fingerprint of the declaration: a changed declaration means files are read again."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


def load_yaml(texte: str) -> list[Any]:
    """The documents of a YAML text, read with libyaml where it is there: the pure Python loader takes
    seconds.

    Raises:
        yaml.YAMLError: not YAML, or a date that no calendar has.
    """
    chargeur = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return list(yaml.load_all(texte, Loader=chargeur))
    except ValueError:
        # What is not quoted and looks like a date is made one: the 31st of February is no error of YAML's.
        raise yaml.YAMLError("date impossible") from None


def place_in_yaml(erreur: yaml.YAMLError | UnicodeDecodeError) -> str:
    """Where a YAML text cannot be read; the text of the error would quote it."""
    marque = getattr(erreur, "problem_mark", None)
    if marque is not None:
        return f"ligne {marque.line + 1}, colonne {marque.column + 1}"
    if isinstance(erreur, UnicodeDecodeError):
        return "le texte n'est pas en UTF-8"
    return "date impossible" if "date impossible" in erreur.args else "caractère interdit"


@cache
def declarations() -> dict[str, Produit]:
    """Every declared product, by name, in alphabetical order.

    Raises:
        ValueError: a declaration shipped with the project is wrong (a programming error, not a user's).
    """
    produits = {}
    usuels = _usual_labels()
    for chemin in sorted(DOSSIER.glob("*.yml")):
        for document in load_yaml(chemin.read_text(encoding="utf-8")):
            for champ in document["champs"]:
                communs = usuels.get((document["produit"], champ["nom"]), {})
                if communs:
                    champ["valeurs"] = communs | champ.get("valeurs", {})
            try:
                produit = Produit.model_validate(document)
            except ValidationError as error:
                raise ValueError(f"{chemin.name}: {error}") from error
            produits[produit.produit] = produit
    return dict(sorted(produits.items()))


def _usual_labels() -> dict[tuple[str, str], dict[str, str]]:
    """Labels and the codes that they are, by product and field: `libelles.yml`."""
    (entrees,) = load_yaml(_LIBELLES.read_text(encoding="utf-8"))
    return {
        (produit, champ): e["libelles"] for e in entrees for produit in e["produits"] for champ in e["champs"]
    }


def products_of(source: str) -> list[Produit]:
    """The products of one source (`rpls`, `sne`, `ops`, `filosofi`, `geographie`, `referentiels`)."""
    return [p for p in declarations().values() if p.source == source]


def sources() -> list[str]:
    """Names of the sources, in alphabetical order."""
    return sorted({p.source for p in declarations().values()})


def quote(texte: str) -> str:
    """An SQL string literal."""
    return "'" + texte.replace("'", "''") + "'"


def ident(nom: str) -> str:
    """An SQL identifier."""
    return '"' + nom.replace('"', '""') + '"'


def table_ddl(produit: Produit) -> Iterator[str]:
    """SQL statements that create the empty tables `sources.x` and `quarantaine.x` with their comments."""
    for schema, colonnes in (
        ("sources", produit.colonnes),
        ("quarantaine", {n: t for n, (t, _) in COLONNES_QUARANTAINE.items()}),
    ):
        table = f"{schema}.{ident(produit.produit)}"
        yield f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{ident(n)} {t}' for n, t in colonnes.items())})"
    titre = f"{produit.titre}. Grain : {produit.grain}"
    yield f"COMMENT ON TABLE sources.{ident(produit.produit)} IS {quote(titre)}"
    titre = f"Lignes refusées et cellules écartées de {produit.produit}. Grain : une ligne et une règle"
    yield f"COMMENT ON TABLE quarantaine.{ident(produit.produit)} IS {quote(titre)}"
    for (schema, table, colonne), texte in column_comments(produit).items():
        yield f"COMMENT ON COLUMN {schema}.{ident(table)}.{ident(colonne)} IS {quote(texte)}"


def column_comments(produit: Produit | None = None) -> dict[tuple[str, str, str], str]:
    """French comments keyed by (schema, table, column), for one product or for all."""
    comments = {}
    for p in [produit] if produit else declarations().values():
        for c in p.champs:
            comments["sources", p.produit, c.nom] = c.commentaire
        for nom, (_, texte) in COLONNES_COMMUNES.items():
            comments["sources", p.produit, nom] = texte
        for nom, (_, texte) in COLONNES_QUARANTAINE.items():
            comments["quarantaine", p.produit, nom] = texte
    return comments


def dictionary_rows() -> list[dict[str, Any]]:
    """Rows of the data dictionary: one per column of `sources`, one per rule (`regle` filled)."""
    rows: list[dict[str, Any]] = []
    for p in declarations().values():
        commun: dict[str, Any] = {
            "schema": "sources",
            "table": p.produit,
            "source": p.source,
            "titre": p.titre,
        }
        commun |= {"producteur": p.producteur, "licence": p.licence, "restreint": p.restreint}
        for c in p.champs:
            rows.append(
                commun
                | {"colonne": c.nom, "type": c.type_duckdb, "description": c.description, "unite": c.unite}
                | {
                    "codes": c.codes,
                    "requis": c.requis,
                    "cle": c.nom in p.cle,
                    "regle": None,
                    "gravite": None,
                }
            )
        for nom, (type_, texte) in COLONNES_COMMUNES.items():
            rows.append(
                commun
                | {"colonne": nom, "type": type_, "description": texte, "unite": None, "codes": None}
                | {"requis": False, "cle": False, "regle": None, "gravite": None}
            )
        for r in p.regles:
            rows.append(
                commun
                | {"colonne": ", ".join(r.colonnes), "type": None, "description": r.message, "unite": None}
                | {"codes": None, "requis": False, "cle": False, "regle": r.nom, "gravite": r.gravite}
            )
    return rows
