"""Read the sheets of a workbook as text cells, in a process of its own that may abort without harm.

The XML of each sheet is scanned first: how far its cells go (the library lays out every cell of that
rectangle, so that one stray cell may cost gigabytes), which cells are shown as percentages, and what the
cells in error say: the library gives none of the three. What cells mean belongs in `ingestion`.
"""

import json
import posixpath
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fastexcel
import polars as pl

from pipelines.errors import DonneesRefusees

_MORCEAU = 1 << 20
_LIGNE_MAX = 64 << 20
_ANNUAIRE_MAX = 32 << 20  # bytes of the parts that say where sheets and formats are
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_POURCENTAGES = {9, 10}  # formats that every workbook knows without declaring them
_LITTERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_REFUSE = 3


@dataclass(frozen=True)
class Limites:
    """What one sheet may hold."""

    cellules: int
    colonnes: int


@dataclass(frozen=True)
class Feuille:
    """One sheet: text cells in columns c0, c1…, the row of each line in `_ligne`, and which cells are shown
    as percentages (column number to rows)."""

    nom: str
    tableau: pl.DataFrame
    pourcentages: dict[int, frozenset[int]] = field(default_factory=dict)


@dataclass
class _Etendue:
    """What the scan of one sheet found; rows and columns are counted from 1."""

    lignes: tuple[int, int] = (0, 0)
    colonnes: tuple[int, int] = (0, 0)
    remplies: int = 0
    pourcentages: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    erreurs: dict[tuple[int, int], str] = field(default_factory=dict)
    trop_longs: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        """Cells of the smallest rectangle that holds them all."""
        (haut, bas), (gauche, droite) = self.lignes, self.colonnes
        return (bas - haut + 1) * (droite - gauche + 1)


def read_workbook(chemin: Path, dossier: Path, nom: str, limites: Limites) -> list[Feuille]:
    """The sheets that hold something, in the order of the workbook.

    Args:
        chemin: the workbook.
        dossier: an existing temporary folder, for what the other process writes.
        nom: the file as messages name it.
        limites: what one sheet may hold.

    Raises:
        DonneesRefusees: damaged, or beyond the limits.
    """
    commande = [sys.executable, "-m", "pipelines.classeur", str(chemin), str(dossier)]
    fini = subprocess.run(
        [*commande, str(limites.cellules), str(limites.colonnes)], capture_output=True, check=False
    )
    if fini.returncode == _REFUSE:
        raise DonneesRefusees(f"{nom} : {fini.stdout.decode('utf-8', 'replace').strip()}")
    if fini.returncode != 0:
        raise DonneesRefusees(
            f"{nom} : classeur illisible (la lecture s'est arrêtée net). Enregistrez-le de nouveau, "
            "ou exportez la feuille en CSV."
        )
    feuilles = []
    for rang, decrite in enumerate(json.loads((dossier / "feuilles.json").read_text(encoding="utf-8"))):
        tableau = pl.read_parquet(dossier / f"{rang}.parquet")
        pourcentages = {int(c): frozenset(lignes) for c, lignes in decrite["pourcentages"].items()}
        feuilles.append(Feuille(decrite["nom"], tableau, pourcentages))
    return feuilles


def _part(archive: zipfile.ZipFile, nom: str) -> ElementTree.Element:
    """One of the small parts of the workbook. Expat refuses entities that expand without end."""
    if archive.getinfo(nom).file_size > _ANNUAIRE_MAX:
        raise DonneesRefusees("classeur anormal : sa description est démesurée. Enregistrez-le de nouveau.")
    return ElementTree.fromstring(archive.read(nom))  # noqa: S314


def _sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Names of the sheets and the parts that hold them."""
    liens = {
        str(lien.get("Id")): posixpath.normpath(posixpath.join("xl", str(lien.get("Target")))).lstrip("/")
        for lien in _part(archive, "xl/_rels/workbook.xml.rels")
    }
    feuilles = _part(archive, "xl/workbook.xml").iter()
    return {
        str(f.get("name")): liens[str(f.get(_RELATION))]
        for f in feuilles
        if f.tag.endswith("}sheet") and f.get(_RELATION) in liens
    }


def _percent_styles(archive: zipfile.ZipFile) -> set[int]:
    """Numbers of the cell styles that show a percentage."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    formats, styles, dans_cellules = set(_POURCENTAGES), [], False
    for element in _part(archive, "xl/styles.xml").iter():
        balise = element.tag.rsplit("}", 1)[-1]
        if balise == "numFmt":
            code = _LITTERAL.sub("", element.get("formatCode", ""))
            numero = int(element.get("numFmtId", "0"))
            formats = formats | {numero} if "%" in code else formats - {numero}
        elif balise == "cellXfs":
            styles = [int(xf.get("numFmtId", "0")) for xf in element]
            dans_cellules = True
    return {rang for rang, numero in enumerate(styles) if numero in formats} if dans_cellules else set()


def _blocks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The XML of a sheet, in pieces that each hold whole rows."""
    with archive.open(part) as flux:
        reste = b""
        while morceau := flux.read(_MORCEAU):
            reste += morceau
            coupe = reste.rfind(b"row>") + 4
            if coupe > 4:
                yield reste[:coupe]
                reste = reste[coupe:]
            elif len(reste) > _LIGNE_MAX:
                raise DonneesRefusees("une ligne de la feuille est démesurée. Enregistrez-le de nouveau.")
        yield reste


def _number_of(lettres: bytes) -> int:
    numero = 0
    for lettre in lettres:
        numero = numero * 26 + lettre - 64
    return numero


def _scan(archive: zipfile.ZipFile, part: str, styles: set[int]) -> _Etendue:
    """How far the cells of a sheet go, and what the library does not tell of them."""
    etendue = _Etendue()
    cellule = rb"<(?:\w+:)?c\b%s(?=[^>]*\br=\"([A-Z]{1,3})(\d{1,7})\")[^>]*(?<!/)>%s"
    contenu = rb"(?:<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>))?\s*<(?:\w+:)?"
    remplie = re.compile(cellule % (b"", contenu + rb"(?:v|is)\b"))
    en_erreur = re.compile(cellule % (rb"(?=[^>]*\bt=\"e\")", contenu + rb"v>([^<]*)<"))
    numeros = "|".join(str(s) for s in sorted(styles)).encode()
    # A number of more than fifteen figures has lost the others: it is told in scientific notation, as it is.
    chiffres = rb"v>(-?[0-9]{16,}(?:\.0*)?|-?[0-9.]+[eE]\+?(?:1[5-9]|[2-9][0-9]))<"
    long_ = re.compile(cellule % (rb"(?![^>]*\bt=\"(?!n\"))", contenu + chiffres))
    nombre = rb"(?=[^>]*\bs=\"(?:" + numeros + rb")\")(?![^>]*\bt=\"(?!n\"))"
    en_pourcent = re.compile(cellule % (nombre, contenu + rb"v\b")) if styles else None
    for bloc in _blocks(archive, part):
        trouvees = remplie.findall(bloc)
        if not trouvees:
            continue
        etendue.remplies += len(trouvees)
        lignes = {int(ligne) for _, ligne in trouvees} | ({*etendue.lignes} - {0})
        colonnes = {_number_of(c) for c in {c for c, _ in trouvees}} | ({*etendue.colonnes} - {0})
        etendue.lignes, etendue.colonnes = (min(lignes), max(lignes)), (min(colonnes), max(colonnes))
        for colonne, ligne, texte in en_erreur.findall(bloc):
            etendue.erreurs[int(ligne), _number_of(colonne)] = texte.decode("utf-8", "replace")
        for colonne, ligne, texte in long_.findall(bloc):
            etendue.trop_longs[int(ligne), _number_of(colonne)] = f"{Decimal(texte.decode()):.14E}"
        for colonne, ligne in en_pourcent.findall(bloc) if en_pourcent else ():
            etendue.pourcentages[_number_of(colonne)].add(int(ligne))
    return etendue


def _check(nom: str, etendue: _Etendue, limites: Limites) -> None:
    largeur = etendue.colonnes[1] - etendue.colonnes[0] + 1
    if etendue.cases <= limites.cellules and largeur <= limites.colonnes:
        return
    raise DonneesRefusees(
        f"la feuille « {nom} » s'étend de la ligne {etendue.lignes[0]} à la ligne {etendue.lignes[1]}, sur "
        f"{largeur} colonnes, pour {etendue.remplies} cellules remplies : trop pour être lue (au plus "
        f"{limites.colonnes} colonnes et {limites.cellules} cellules). Supprimez les lignes et les colonnes "
        "qui suivent le tableau, où une cellule est restée, ou exportez la feuille en CSV."
    )


def _read(chemin: Path, dossier: Path, limites: Limites) -> None:
    """Write each sheet that holds something, and the list of them, into the folder."""
    with zipfile.ZipFile(chemin) as archive:
        styles = _percent_styles(archive)
        etendues = {nom: _scan(archive, part, styles) for nom, part in _sheets(archive).items()}
    for nom, etendue in etendues.items():
        _check(nom, etendue, limites)
    classeur = fastexcel.read_excel(chemin)
    decrites: list[dict[str, Any]] = []
    for nom in classeur.sheet_names:
        tableau = classeur.load_sheet(nom, header_row=None, dtypes="string").to_polars()
        if not tableau.height:
            continue
        etendue = etendues.get(nom, _Etendue())
        # The library leaves out the empty rows and columns before the first cell, and counts from there.
        conforme = etendue.remplies > 0 and tableau.height * tableau.width == etendue.cases
        if not conforme and (etendue.erreurs or etendue.pourcentages or etendue.trop_longs):
            raise DonneesRefusees(
                f"la feuille « {nom} » ne dit pas où sont ses cellules. Enregistrez le classeur de nouveau."
            )
        haut, gauche = (etendue.lignes[0], etendue.colonnes[0]) if conforme else (1, 1)
        tableau = tableau.rename({c: f"c{i}" for i, c in enumerate(tableau.columns)})
        tableau = tableau.with_row_index("_ligne", offset=haut).cast({"_ligne": pl.Int64})
        par_colonne: defaultdict[int, dict[int, str]] = defaultdict(dict)
        for (ligne, colonne), texte in (etendue.erreurs | etendue.trop_longs).items():
            par_colonne[colonne - gauche][ligne] = texte
        tableau = tableau.with_columns(
            pl.coalesce(
                pl.col("_ligne").replace_strict(textes, default=None, return_dtype=pl.String), f"c{colonne}"
            ).alias(f"c{colonne}")
            for colonne, textes in par_colonne.items()
        )
        tableau.write_parquet(dossier / f"{len(decrites)}.parquet", compression="lz4")
        pourcentages = {c - gauche: sorted(lignes) for c, lignes in etendue.pourcentages.items()}
        decrites.append({"nom": nom, "pourcentages": pourcentages})
    (dossier / "feuilles.json").write_text(json.dumps(decrites), encoding="utf-8")


def main() -> int:
    """The other process: workbook, folder, most cells and columns of a sheet."""
    chemin, dossier, cellules, colonnes = sys.argv[1:]
    try:
        _read(Path(chemin), Path(dossier), Limites(int(cellules), int(colonnes)))
    except DonneesRefusees as refus:
        sys.stdout.buffer.write(str(refus).encode("utf-8", "replace"))
        return _REFUSE
    except (
        *(fastexcel.FastExcelError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError),
        *(OSError, EOFError, NotImplementedError, RuntimeError),
    ) as erreur:
        # The text of the library's errors may quote cells.
        genre = type(erreur).__name__
        sys.stdout.buffer.write(f"classeur illisible ({genre}). Enregistrez-le de nouveau.".encode())
        return _REFUSE
    return 0


if __name__ == "__main__":
    sys.exit(main())
