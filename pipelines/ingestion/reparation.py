"""Line by line repair of a CSV that cannot be parsed as it is: encodings, stray quotes, wrong number of
cells.

Writes a clean UTF-8 copy whose first column is the line number in the original file, and says which lines it
could not use. Well-formed files never come here. What values mean belongs in `normalise`.

A quote encloses a cell when it begins it and another ends it; any other quote is a character. A line with as
many separators as the header is a record whatever its quotes; one with more of them is when its quotes make
the count right; one with fewer goes on in the next lines when a quote is open, and when that gives the
header's width: a stray quote never takes another record with it.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import ftfy

from pipelines.inspection import MORCEAU, Etat

LIGNES_PAR_VALEUR_MAX = 50
# A polygon in one cell is larger than the default limit of the csv module.
csv.field_size_limit(1 << 26)
_SUSPECTS = ("Ã", "Â", "â€")


def _fallback(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 are cp1252, or latin-1 for the five that cp1252 does not know."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    octets = error.object[error.start : error.end]
    try:
        return octets.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return octets.decode("latin-1"), error.end


codecs.register_error("observatoire_cp1252", _fallback)


def decode(octets: bytes) -> str:
    """Text of bytes whose encoding is not sure: UTF-8 where valid, cp1252 elsewhere, mixed in one line or
    not.

    Text that was decoded once too often (`ChÃ¢lons`) is put right.
    """
    texte = octets.decode("utf-8", "observatoire_cp1252")
    if any(s in texte for s in _SUSPECTS):
        texte = ftfy.fix_encoding(texte)
    return texte.replace("\0", "").removeprefix("\ufeff")


def lines(chemin: Path, etat: Etat) -> Iterator[str]:
    """Decoded physical lines, without their ends."""
    if etat.utf16:
        with chemin.open(encoding="utf-16", errors="replace", newline=None) as flux:
            for ligne in flux:
                yield ligne.rstrip("\n").replace("\0", "")
        return
    with chemin.open("rb", buffering=MORCEAU) as binaire:
        if etat.retours_seuls:
            for ligne in io.TextIOWrapper(binaire, encoding="latin-1", newline=None):
                yield decode(ligne.rstrip("\n").encode("latin-1"))
            return
        for octets in binaire:
            yield decode(octets.rstrip(b"\r\n"))


@dataclass
class Reparation:
    """What the repair did: lines written, lines it could not use, and whether the file was cut."""

    ecrites: int = 0
    malformees: list[tuple[int, int]] = field(default_factory=list)  # (line, number of cells found)
    plus_longue: int = 0  # bytes of the longest clean line
    coupee: bool = False  # the last line is incomplete and has no end

    @property
    def lues(self) -> int:
        """Data lines found, usable or not (blank lines are not data)."""
        return self.ecrites + len(self.malformees)


@dataclass(frozen=True)
class Decoupe:
    """A text cut into cells; `ouverte` when a quote that begins a cell is closed nowhere."""

    cellules: list[str]
    ouverte: bool = False
    coupee: bool = False  # a line break stands outside quotes: this is not one record


class Decoupeur:
    """Cuts lines into cells, and physical lines into records of the header's width."""

    def __init__(self, separateur: str, utile: int = 0, largeur_max: int = 0) -> None:
        """`utile` cells are expected; up to `largeur_max` when the header ends with cells without a name."""
        self.separateur = separateur
        self.utile = utile
        self.largeur_max = max(utile, largeur_max)
        # Spaces around the quotes are nothing, as for DuckDB.
        corps = r' *"([^"]*+(?:""[^"]*+)*+)" *'
        self._enclose = re.compile(corps)
        self._cellule = re.compile(corps + rf"({re.escape(separateur)}|\Z)")
        self._fermante = re.compile(rf'" *(?:{re.escape(separateur)}|\Z)')

    def cut(self, texte: str) -> Decoupe:
        """The cells of a record, the quotes that enclose them honoured."""
        if '"' not in texte:
            return Decoupe(texte.split(self.separateur), coupee="\n" in texte)
        cellules, ouverte, coupee, debut = [], False, False, 0
        while True:
            trouvee = self._cellule.match(texte, debut)
            if trouvee:
                cellules.append(trouvee[1].replace('""', '"'))
                if not trouvee[2]:
                    break
                debut = trouvee.end()
                continue
            fin = texte.find(self.separateur, debut)
            cellule = texte[debut:] if fin < 0 else texte[debut:fin]
            ouverte = ouverte or cellule.lstrip(" ").startswith('"')
            coupee = coupee or "\n" in cellule
            cellules.append(cellule)
            if fin < 0:
                break
            debut = fin + 1
        return Decoupe(cellules, ouverte, coupee)

    def record(self, ligne: str, attente: list[str], source: Iterator[str]) -> tuple[list[str] | None, int]:
        """The cells of the record that begins with this physical line, and how many lines it takes.

        `attente` receives the lines that were read ahead.
        """
        brutes = ligne.split(self.separateur)
        if '"' not in ligne:
            return self._fit(brutes), 1
        juste = self._right(len(brutes))
        decoupe = self.cut(ligne)
        # Enough separators, but the last cell is open: what follows is its end, or the quote is a stray one.
        if decoupe.ouverte and (
            len(brutes) < self.utile or (juste and brutes[-1].lstrip(" ").startswith('"'))
        ):
            jointe = self._join(ligne, attente, source)
            if jointe is not None:
                return jointe
        if juste:
            return self._fit([self._unwrap(c) for c in brutes]), 1
        if self._right(len(decoupe.cellules)):
            return self._fit(decoupe.cellules), 1
        return self._fit(decoupe.cellules) or self._fit([self._unwrap(c) for c in brutes]), 1

    def _right(self, nombre: int) -> bool:
        return self.utile <= nombre <= self.largeur_max

    def _unwrap(self, cellule: str) -> str:
        enclose = self._enclose.fullmatch(cellule)
        return enclose[1].replace('""', '"') if enclose else cellule

    def _fit(self, cellules: list[str]) -> list[str] | None:
        """The useful cells, without extra empty ones at the end; None when their number is wrong."""
        cellules = list(cellules)
        while len(cellules) > self.largeur_max and not cellules[-1].strip():
            cellules.pop()
        return cellules[: self.utile] if self._right(len(cellules)) else None

    def _join(self, ligne: str, attente: list[str], source: Iterator[str]) -> tuple[list[str], int] | None:
        texte = ligne
        for prises in range(2, LIGNES_PAR_VALEUR_MAX + 1):
            if len(attente) < prises - 1:
                suivante = next(source, None)
                if suivante is None:
                    return None
                attente.append(suivante)
            suite = attente[prises - 2]
            if self._right(suite.count(self.separateur) + 1):
                return None  # a record of its own
            texte = f"{texte}\n{suite}"
            # Nothing in it ends the open cell: cut again for each line, a file of stray quotes takes minutes.
            if not self._fermante.search(suite):
                continue
            decoupe = self.cut(texte)
            if self._right(len(decoupe.cellules)) and not decoupe.coupee:
                return self._fit(decoupe.cellules) or [], prises
        return None


def repair(
    chemin: Path,
    etat: Etat,
    cible: Path,
    *,
    separateur: str,
    ligne_entete: int,
    utile: int,
    largeur_max: int,
) -> Reparation:
    """Write the clean copy of the data lines that follow line `ligne_entete`: `utile` cells each."""
    bilan = Reparation()
    decoupeur = Decoupeur(separateur, utile, largeur_max)
    with cible.open("w", encoding="utf-8", newline="") as flux:
        ecrire = csv.writer(flux, delimiter=separateur, lineterminator="\n").writerow
        attente: list[str] = []  # physical lines read ahead while a quoted value was open
        source = lines(chemin, etat)
        numero = 0
        derniere_malformee = 0
        while True:
            ligne = attente.pop(0) if attente else next(source, None)
            if ligne is None:
                break
            numero += 1
            if numero <= ligne_entete or not ligne.strip():
                continue
            if '"' not in ligne and ligne.count(separateur) == utile - 1 and "\r" not in ligne:
                flux.write(f"{numero}{separateur}{ligne}\n")
                bilan.ecrites += 1
                bilan.plus_longue = max(bilan.plus_longue, 4 * len(ligne) + 32)
                continue
            cellules, prises = decoupeur.record(ligne, attente, source)
            if cellules is None:
                bilan.malformees.append((numero, ligne.count(separateur) + 1))
                derniere_malformee = numero
                continue
            ecrire([str(numero), *(c.replace("\n", " ").replace("\r", " ") for c in cellules)])
            bilan.ecrites += 1
            bilan.plus_longue = max(bilan.plus_longue, sum(8 * len(c) + 3 for c in cellules) + 32)
            numero += prises - 1
            del attente[: prises - 1]
        if derniere_malformee == numero and not etat.fin_de_ligne and bilan.malformees[-1][1] > 1:
            bilan.coupee = True
    return bilan
