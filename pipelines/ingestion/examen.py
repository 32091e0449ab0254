"""What each file of the landing folder is, from its header and a sample: nothing is kept, nothing is built.

A file is opened as the build opens it, on a light copy when it is large. Which territories and years the
whole folder can serve belongs in `pipelines.examen`.
"""

import contextlib
import gzip
import json
import secrets
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.errors import DonneesRefusees
from pipelines.fichiers import write_json
from pipelines.ingestion import lecture
from pipelines.ingestion.correspondances import Appariement, Correspondance, correspondances
from pipelines.ingestion.declarations import Champ, Produit, declarations, ident, load_yaml, quote
from pipelines.ingestion.executer import unreadable, unrecognised
from pipelines.ingestion.extractions import declared_dates, extraction_date
from pipelines.ingestion.fichier import find_vintage, month_first
from pipelines.ingestion.identifiants import cleaned, emptied
from pipelines.ingestion.landing import (
    FichierDepose,
    check_landing,
    documentation_files,
    is_documentation,
    landing_files,
)
from pipelines.ingestion.magasin import entry_key
from pipelines.ingestion.normalise import Requete, build_query
from pipelines.ingestion.ouverture import quotable
from pipelines.ingestion.pourcentages import count_fractions
from pipelines.ingestion.pseudonymes import set_key
from pipelines.ingestion.repetitions import check_repetitions, merged
from pipelines.ingestion.validation import LIGNE, find_refusals, read_cells
from pipelines.inspection import Etat, FichierVide, extract_members

# Rows seen of each product, in the columns of its table of schema `sources`.
SCHEMA = "vus"
# What was found readable the last time, in the store: a file that has not moved is not opened again.
_MEMOIRE = "examen.json"
_TEXTES = frozenset({".csv", ".txt"})
# Where the date of an extraction comes from, when it is not the file's.
_COLONNE = "colonne du fichier"


@dataclass(frozen=True)
class Piege:
    """Something in a sample that the build would refuse, empty or misread; never the content of a cell."""

    nom: str
    colonne: str
    nombre: int
    message: str


@dataclass(frozen=True)
class FichierExamine:
    """One file, or one member of an archive, and one product; `refus` is what the build would say."""

    fichier: str
    source: str
    refus: str | None = None
    non_lu: str | None = None  # recognised as nothing, where that does not stop the build
    produit: str | None = None
    correspondance: str = ""
    titre: str = ""
    lecteur: str = ""
    separateur: str | None = None
    encodage: str | None = None
    feuille: str | None = None
    ligne_entete: int | None = None
    millesime: int | None = None
    extraction: date | None = None
    origine_extraction: str = ""
    lignes_vues: int = 0
    entier: bool = True
    colonnes_ignorees: tuple[str, ...] = ()
    pieges: tuple[Piege, ...] = ()
    lignes_refusees: int = 0  # of the lines seen, before any correction
    trop_refusees: bool = False  # more than the build tolerates


@cache
def settings() -> dict[str, Any]:
    """The lists of `examen.yml`."""
    texte = Path(__file__).with_name("examen.yml").read_text(encoding="utf-8")
    contenu: dict[str, Any] = load_yaml(texte)[0]
    return contenu


def examine(donnees: Path, con: duckdb.DuckDBPyConnection) -> list[FichierExamine]:
    """Look at every file of a landing folder.

    Args:
        donnees: the landing folder.
        con: receives the rows seen, in `vus.<produit>`: typed as the build types them, persons under a key
            that nobody keeps.

    Returns:
        The files in the order of their sources; those that the build would refuse say so.

    Raises:
        DonneesRefusees: the folder is absent or empty, or a mapping or a link in it is refused.
    """
    check_landing(donnees)
    set_key(con, secrets.token_bytes(32))
    con.execute("SET enable_progress_bar = false")
    # As in `executer`: it turns every list of constants into a join, slow to plan.
    con.execute("SET disabled_optimizers = 'in_clause'")
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for produit in declarations().values():
        colonnes = ", ".join(f"{ident(n)} {t}" for n, t in produit.colonnes.items())
        con.execute(f"CREATE OR REPLACE TABLE {SCHEMA}.{ident(produit.produit)} ({colonnes})")
    vus: list[FichierExamine] = []
    for fichier, candidats in deposited_files(donnees):
        with tempfile.TemporaryDirectory(prefix="observatoire-") as dossier:
            for part, entier in light_parts(fichier, Path(dossier), vus):
                vus += _look(part, candidats, Path(dossier), con, entier=entier)
    for source in settings()["ordre"]:
        notices = documentation_files(source, donnees)
        vus += [FichierExamine(n, source, non_lu="notice d'après son nom, laissée de côté") for n in notices]
    declarees = declared_dates(donnees)
    return [_dated(vu, con, declarees) for vu in vus]


def refuse_unreadable(donnees: Path, magasin: Path, progression: Callable[[str], None] | None = None) -> int:
    """Open the header of every file of every source before any of them is read; return how many there are.

    Args:
        donnees: the landing folder.
        magasin: folder of the store, where what was readable is remembered.
        progression: is told in one sentence what was found.

    Raises:
        DonneesRefusees: one or several files cannot be read; all are named, each with its own sentence.
    """
    check_landing(donnees)
    memoire = magasin / _MEMOIRE
    connus = _remembered(memoire)
    lisibles: dict[str, list[object]] = {}
    refus: list[str] = []
    compte: Counter[str] = Counter()
    for fichier, candidats in deposited_files(donnees):
        etat = [*_state(fichier.chemin), _fingerprint(candidats)]
        if connus.get(fichier.relatif) != etat:
            found = list(_headers(fichier, candidats))
            refus += [f.refus for f in found if f.refus is not None]
            if any(f.refus is not None for f in found):
                continue
        lisibles[fichier.relatif] = etat
        compte[fichier.source] += 1
    if refus:
        raise DonneesRefusees(
            refus[0]
            if len(refus) == 1
            else "\n".join([f"{len(refus)} fichiers ne peuvent pas être lus :", *(f"- {r}" for r in refus)])
        )
    magasin.mkdir(parents=True, exist_ok=True)
    write_json(memoire, {"fichiers": lisibles})
    if progression:
        detail = ", ".join(f"{source} : {compte[source]}" for source in settings()["ordre"] if compte[source])
        progression(f"{sum(compte.values())} fichiers reconnus ou ignorés ({detail})")
    return sum(compte.values())


def _remembered(memoire: Path) -> dict[str, list[object]]:
    try:
        contenu = json.loads(memoire.read_text(encoding="utf-8"))
        return {str(nom): list(etat) for nom, etat in contenu["fichiers"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _state(chemin: Path) -> tuple[int, int]:
    etat = chemin.stat()
    return etat.st_size, etat.st_mtime_ns


def _fingerprint(candidats: Sequence[Correspondance]) -> str:
    return entry_key([f"{c.correspondance} {c.empreinte} {c.declaration.version}" for c in candidats])


def _headers(fichier: FichierDepose, candidats: Sequence[Correspondance]) -> Iterator[FichierExamine]:
    vus: list[FichierExamine] = []
    with tempfile.TemporaryDirectory(prefix="observatoire-") as dossier:
        for part, entier in light_parts(fichier, Path(dossier), vus):
            vus += _look(part, candidats, Path(dossier), None, entier=entier)
    yield from vus


def deposited_files(donnees: Path) -> Iterator[tuple[FichierDepose, list[Correspondance]]]:
    """Every file of a landing folder, with the mappings of its folder."""
    for source in settings()["ordre"]:
        presentations = correspondances(source, donnees)
        par_dossier: dict[str, list[Correspondance]] = {}
        for fichier in landing_files(source, donnees):
            if fichier.dossier not in par_dossier:
                par_dossier[fichier.dossier] = [
                    c for c in presentations if fichier.dossier in c.declaration.dossiers
                ]
            yield fichier, par_dossier[fichier.dossier]


def light_parts(
    fichier: FichierDepose, temporaire: Path, vus: list[FichierExamine]
) -> Iterator[tuple[FichierDepose, bool]]:
    """The file or the members of an archive, as light copies; whether each is whole. Refusals go to `vus`."""
    try:
        if fichier.extension != ".zip":
            yield _light(fichier, temporaire)
            return
        limite = int(settings()["octets_entiers"])
        lus = 0
        for nom, chemin in extract_members(fichier.chemin, temporaire, fichier.relatif, limite=limite):
            membre = fichier.member(chemin, nom)
            cache_ = any(part.startswith((".", "__MACOSX")) for part in nom.split("/"))
            if not cache_ and not is_documentation(membre.nom):
                entier = chemin.stat().st_size < limite or membre.extension not in _TEXTES
                if not entier:
                    _cut(chemin)
                lus += 1
                yield membre, entier
        if not lus:
            vide = "l'archive ne contient aucun fichier de données"
            vus.append(FichierExamine(fichier.relatif, fichier.source, non_lu=vide))
    except DonneesRefusees as refus:
        vus.append(FichierExamine(fichier.relatif, fichier.source, refus=str(refus)))
    except OSError as erreur:
        vus.append(
            FichierExamine(fichier.relatif, fichier.source, refus=str(unreadable(fichier.relatif, erreur)))
        )


def _light(fichier: FichierDepose, temporaire: Path) -> tuple[FichierDepose, bool]:
    """The file itself, or a copy of pieces of a large text: reading must not cost what the build costs."""
    taille, limite = fichier.chemin.stat().st_size, int(settings()["octets_entiers"])
    fichier = replace(fichier, taille=taille)
    cible = temporaire / f"echantillon{fichier.extension}"
    if fichier.extension in _TEXTES and taille > limite:
        with fichier.chemin.open("rb") as flux, cible.open("wb") as sortie:
            for morceau in _pieces(flux, taille):
                sortie.write(morceau)
        return replace(fichier, chemin=cible), False
    if fichier.extension == ".csv.gz":
        with contextlib.suppress(OSError, EOFError, zlib.error), gzip.open(fichier.chemin, "rb") as compresse:
            debut = compresse.read(limite)
            if len(debut) == limite:
                with gzip.open(cible, "wb", compresslevel=1) as ecrit:
                    ecrit.write(_whole_lines(debut))
                return replace(fichier, chemin=cible), False
    return fichier, True


def _pieces(flux: Any, taille: int) -> Iterator[bytes]:
    """The first lines of a file, then whole lines taken here and there."""
    reglages = settings()
    debut = flux.read(int(reglages["octets_debut"]))
    yield _whole_lines(debut)
    if b"\0" in debut or b"\n" not in debut:
        # UTF-16, or an old end of line: a piece would begin anywhere in a character or a row.
        return
    pas = (taille - len(debut)) // int(reglages["morceaux"])
    for rang in range(int(reglages["morceaux"])):
        flux.seek(len(debut) + rang * pas)
        morceau = flux.read(min(int(reglages["octets_morceau"]), pas))
        yield _whole_lines(morceau.partition(b"\n")[2])


def _whole_lines(octets: bytes) -> bytes:
    """What is before the last end of line, an incomplete row left out."""
    for fin in (b"\n\0", b"\0\n", b"\n", b"\r"):
        if fin in octets:
            return octets[: octets.rindex(fin) + len(fin)]
    return octets


def _cut(chemin: Path) -> None:
    chemin.write_bytes(_whole_lines(chemin.read_bytes()))


def _look(
    fichier: FichierDepose,
    candidats: Sequence[Correspondance],
    temporaire: Path,
    con: duckdb.DuckDBPyConnection | None,
    *,
    entier: bool,
) -> list[FichierExamine]:
    """One file: its layouts, and what its rows say when there is a connection to look at them."""
    vide = FichierExamine(fichier.relatif, fichier.source, millesime=fichier.millesime, entier=entier)
    try:
        ouvertures = lecture.open_file(fichier, candidats, temporaire)
        lus = [(o, a, find_vintage(fichier, a)[0]) for o in ouvertures for a in o.appariements]
    except FichierVide:
        return [replace(vide, non_lu="le fichier est vide")]
    except lecture.NonReconnu as erreur:
        refus = unrecognised(fichier, erreur)
        return [replace(vide, refus=str(refus)) if refus else replace(vide, non_lu=str(erreur))]
    except DonneesRefusees as refus:
        return [replace(vide, refus=str(refus))]
    except OSError as erreur:
        return [replace(vide, refus=str(unreadable(fichier.relatif, erreur)))]
    trouves = []
    for ouverture, appariement, millesime in lus:
        correspondance = appariement.correspondance
        texte = ouverture.lecteur == "csv"
        trouve = replace(
            vide,
            produit=correspondance.produit,
            correspondance=correspondance.correspondance,
            titre=correspondance.titre,
            lecteur=ouverture.lecteur,
            separateur=ouverture.separateur if texte else None,
            encodage=_encoding(ouverture.etat) if texte else None,
            feuille=ouverture.feuille,
            ligne_entete=ouverture.ligne_entete or None,
            millesime=millesime,
            colonnes_ignorees=quotable(appariement, appariement.ignorees),
        )
        if con is not None:
            try:
                trouve = _read(trouve, ouverture, appariement, con, temporaire)
            except DonneesRefusees as refus:
                trouve = replace(trouve, refus=str(refus))
        trouves.append(trouve)
    return trouves


def _encoding(etat: Etat) -> str:
    if etat.utf16:
        return "UTF-16"
    if not etat.utf8:
        return "cp1252 ou latin-1"
    return "UTF-8, décodé une fois de trop par endroits" if etat.mojibake else "UTF-8"


def _read(
    vu: FichierExamine,
    ouverture: lecture.Ouverture,
    appariement: Appariement,
    con: duckdb.DuckDBPyConnection,
    temporaire: Path,
) -> FichierExamine:
    """Normalise the rows of the sample as the build would, keep them in `vus`, list what would go wrong."""
    produit = appariement.correspondance.declaration
    if not _raw(lecture.with_mapping(ouverture, appariement), con, temporaire):
        return vu
    if vu.entier:
        # The lines that it names are those of the file.
        check_repetitions(con, appariement, "brut", None, vu.fichier)
    con.execute(f"CREATE OR REPLACE TEMP TABLE brut AS SELECT * FROM {merged(appariement, 'brut')}")
    pieges = _raw_traps(appariement, con)
    parquet = temporaire / "normalise.parquet"
    (total,) = con.execute("SELECT count(*) FROM brut").fetchall()[0]
    # One row in so many: a register is in the order of its communes, whose first thousands would say nothing.
    pas = 1 if vu.source in settings()["lues_entieres"] else -(-total // int(settings()["lignes"]))
    coupe = ouverture.lecteur == "parquet" and total >= int(settings()["lignes"])
    vu = replace(vu, entier=vu.entier and pas <= 1 and not coupe)
    relation = "brut" if pas <= 1 else f"(SELECT * FROM brut WHERE _ligne % {pas} = 0)"
    try:
        requete = _normalise(appariement, relation, vu.millesime, parquet, con)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return replace(vu, pieges=tuple(pieges))
    lignes, total = con.execute(
        f"SELECT count(DISTINCT _ligne), count(*) FROM read_parquet({quote(str(parquet))})"
    ).fetchall()[0]
    noms = ", ".join(ident(f.nom) for f in requete.champs)
    con.execute(
        f"INSERT INTO {SCHEMA}.{ident(produit.produit)} ({noms}, _fichier) "
        f"SELECT {noms}, {quote(vu.fichier)} FROM read_parquet({quote(str(parquet))})"
    )
    mises_de_cote, refusees = _refused(appariement, requete, parquet, int(total), con)
    return replace(
        vu,
        lignes_vues=int(lignes),
        pieges=(*pieges, *mises_de_cote),
        lignes_refusees=refusees,
        trop_refusees=refusees > int(produit.tolerance * lignes),
    )


def _dated(
    vu: FichierExamine, con: duckdb.DuckDBPyConnection, declarees: Sequence[tuple[str, date]]
) -> FichierExamine:
    """The date of its extraction, the latest when rows have their own; given to the rows that have none."""
    if vu.produit is None or vu.source not in settings()["extraites"]:
        return vu
    table = f"{SCHEMA}.{ident(vu.produit)}"
    du_fichier = extraction_date(vu.fichier, vu.millesime, declarees)
    des_lignes, sans = con.execute(
        f"SELECT max(date_extraction), bool_or(date_extraction IS NULL) FROM {table} WHERE _fichier = ?",
        [vu.fichier],
    ).fetchall()[0]
    if du_fichier is not None and sans:
        con.execute(
            f"UPDATE {table} SET date_extraction = ? WHERE _fichier = ? AND date_extraction IS NULL",
            [du_fichier.date, vu.fichier],
        )
    if des_lignes is not None:
        return replace(vu, extraction=des_lignes, origine_extraction=_COLONNE)
    if du_fichier is None:
        return vu
    return replace(vu, extraction=du_fichier.date, origine_extraction=du_fichier.origine)


def _normalise(
    appariement: Appariement,
    relation: str,
    millesime: int | None,
    parquet: Path,
    con: duckdb.DuckDBPyConnection,
) -> Requete:
    """Write the rows as the build reads them: the month first in the columns whose cells prove it."""
    produit = appariement.correspondance.declaration
    americaines: list[str] = []
    while True:
        requete = build_query(produit, appariement, relation, millesime, ligne=True, mois_d_abord=americaines)
        con.execute(f"COPY ({requete.sql}) TO {quote(str(parquet))} (FORMAT parquet)")
        if americaines:
            return requete
        americaines = month_first(read_cells(con, produit, _rows(parquet)), produit)
        if not americaines:
            return requete


def _rows(parquet: Path) -> str:
    return (
        "(SELECT * EXCLUDE (file_row_number), file_row_number AS _rang "
        f"FROM read_parquet({quote(str(parquet))}, file_row_number = true))"
    )


def _raw(ouverture: lecture.Ouverture, con: duckdb.DuckDBPyConnection, temporaire: Path) -> bool:
    """Copy the raw cells of the sample into the table `brut`; False when they cannot be read as rows."""
    for brut in _ways(ouverture, con, temporaire):
        debut = brut.premiere_ligne
        ligne = "" if debut is None else f", row_number() OVER () + {debut - 1} AS _ligne"
        if ouverture.tableau is not None:
            ligne = ""
        # A Parquet is not cut: its first rows stand for it.
        limite = f" LIMIT {int(settings()['lignes'])}" if ouverture.lecteur == "parquet" else ""
        try:
            con.execute(f"CREATE OR REPLACE TEMP TABLE brut AS SELECT *{ligne} FROM {brut.relation}{limite}")
        except duckdb.Error as erreur:
            if not lecture.unreadable(ouverture, erreur):
                raise
            continue
        return True
    return False


def _ways(
    ouverture: lecture.Ouverture, con: duckdb.DuckDBPyConnection, temporaire: Path
) -> Iterator[lecture.Brut]:
    direct = lecture.direct(ouverture, con)
    if direct is not None:
        yield direct
    if ouverture.lecteur == "csv":
        with contextlib.suppress(DonneesRefusees):
            yield lecture.repaired(ouverture, temporaire)


def _raw_traps(appariement: Appariement, con: duckdb.DuckDBPyConnection) -> list[Piege]:
    """What raw cells show before they are read."""
    produit = appariement.correspondance.declaration
    pieges = []
    for nom, position in sorted(appariement.positions.items(), key=lambda p: p[1]):
        champ = _field(produit, nom)
        if champ is None:
            continue
        colonne, cellule = appariement.colonnes[position], f"c{position}"
        for piege in settings()["pieges"]:
            if champ.type in piege["types"] or (piege["identifiants"] and champ.nomme):
                trouve = f"regexp_matches(trim({cellule}), {quote(piege['motif'])})"
                pieges.append(Piege(piege["nom"], colonne, _count(con, trouve), piege["message"]))
        if champ.nomme:
            propre = cleaned(cellule)
            rien = f"{propre} IS NOT NULL AND {emptied(propre)} IS NULL"
            pieges.append(Piege("jeton_vide", colonne, _count(con, rien), settings()["jeton_vide"]))
        if champ.nom not in appariement.correspondance.echelles:
            pieges += _scale(champ, colonne, f"trim({cellule})", con)
    return [p for p in pieges if p.nombre]


def _count(con: duckdb.DuckDBPyConnection, condition: str) -> int:
    return int(con.execute(f"SELECT count(*) FILTER ({condition}) FROM brut").fetchall()[0][0])


def _field(produit: Produit, nom: str) -> Champ | None:
    return next((c for c in produit.champs if c.nom == nom), None)


def _scale(champ: Champ, colonne: str, cellule: str, con: duckdb.DuckDBPyConnection) -> list[Piege]:
    if not champ.pourcentage:
        return []
    f = count_fractions(con, f"try_cast(replace({cellule}, ',', '.') AS DOUBLE)", "brut")
    if not f.partout:
        return []
    message = settings()["echelle_pourcentage"]["message"].format(maximum=f.borne, champ=champ.nom)
    return [Piege("echelle_pourcentage", colonne, f.nombre, message)]


def _refused(
    appariement: Appariement, requete: Requete, parquet: Path, total: int, con: duckdb.DuckDBPyConnection
) -> tuple[list[Piege], int]:
    """Cells and rows that the build would set aside, counted by column and rule; how many lines in all."""
    produit = appariement.correspondance.declaration
    cellules = read_cells(con, produit, _rows(parquet))
    comptes = Counter(cellules.select("regle", "colonne", "message").rows())
    refus = find_refusals(produit, parquet, total, total)
    comptes.update((r.regle, r.colonne or "", r.message) for r in refus)
    pieges = [
        Piege(regle, _printed(appariement, colonne), nombre, message)
        for (regle, colonne, message), nombre in sorted(comptes.items(), key=lambda c: (-c[1], c[0]))
    ]
    if requete.multiplie:
        # A wide line gives a row per cell, and a row that cannot be kept costs its cell.
        return pieges, 0
    rangs = {r.rang for r in refus} | set(cellules.filter(pl.col("portee") == LIGNE)["_rang"])
    return pieges, len(rangs)


def _printed(appariement: Appariement, champs: str) -> str:
    """The columns of the file behind the names of fields."""
    return ", ".join(
        appariement.colonnes[appariement.positions[nom]] if nom in appariement.positions else nom
        for nom in champs.split(", ")
    )
