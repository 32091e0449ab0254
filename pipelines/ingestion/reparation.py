"""Line by line repair of a CSV that cannot be parsed as it is: encodings, stray quotes, wrong number of
cells.

Writes a clean UTF-8 copy whose first column is the line number in the original file, and says which lines it
could not use. Well-formed files never come here. What values mean belongs in `normalise`.
"""

import codecs
import csv
import io
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


class _Parser:
    """Turns physical lines into records of the right number of cells."""

    def __init__(self, separateur: str, largeur: int) -> None:
        self.separateur = separateur
        self.largeur = largeur

    def fit(self, cellules: list[str]) -> list[str] | None:
        """The cells, without extra empty ones at the end; None when their number is wrong."""
        while len(cellules) > self.largeur and not cellules[-1].strip():
            cellules.pop()
        return cellules if len(cellules) == self.largeur else None

    def quoted(self, texte: str) -> list[str] | None:
        try:
            lues = list(csv.reader(io.StringIO(texte, newline=""), delimiter=self.separateur))
        except csv.Error:
            return None
        return self.fit(lues[0]) if len(lues) == 1 else None

    def plain(self, texte: str) -> list[str] | None:
        return self.fit(texte.split(self.separateur))


def repair(
    chemin: Path, etat: Etat, cible: Path, *, separateur: str, ligne_entete: int, largeur: int
) -> Reparation:
    """Write the clean copy of the data lines that follow line `ligne_entete`."""
    bilan = Reparation()
    parser = _Parser(separateur, largeur)
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
            if '"' not in ligne:
                if ligne.count(separateur) == largeur - 1 and "\r" not in ligne:
                    flux.write(f"{numero}{separateur}{ligne}\n")
                    bilan.ecrites += 1
                    bilan.plus_longue = max(bilan.plus_longue, 4 * len(ligne) + 32)
                    continue
                cellules, prises = parser.plain(ligne), 1
            else:
                cellules, prises = _record(ligne, attente, source, parser)
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


def _record(
    ligne: str, attente: list[str], source: Iterator[str], parser: _Parser
) -> tuple[list[str] | None, int]:
    """The cells of a line with quotes, and how many physical lines they took.

    An open quote may continue on the next lines; when no continuation gives the right number of cells, the
    quote was a stray one and is kept as a character.
    """
    texte = ligne
    if texte.count('"') % 2 == 0:
        cellules = parser.quoted(texte)
        return (cellules, 1) if cellules is not None else (parser.plain(ligne), 1)
    sans_guillemets = parser.plain(ligne)
    if sans_guillemets is not None and not any(c.startswith('"') for c in sans_guillemets):
        return sans_guillemets, 1
    for prises in range(2, LIGNES_PAR_VALEUR_MAX + 1):
        if len(attente) < prises - 1:
            suivante = next(source, None)
            if suivante is None:
                break
            attente.append(suivante)
        texte = f"{texte}\n{attente[prises - 2]}"
        if attente[prises - 2].count('"') % 2:
            cellules = parser.quoted(texte)
            if cellules is not None:
                return cellules, prises
            break
    return sans_guillemets, 1
