"""Look at the bytes of a deposited file before anything parses them: guards, encoding facts, safe extraction.

Parsing belongs in `lecture`, repairing lines in `reparation`.
"""

import codecs
import gzip
import hashlib
import re
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.errors import DonneesRefusees

MORCEAU = 4 << 20
# Limits against decompression bombs: real products are text tables, which compress at most some 40 times.
TAILLE_MAX_DECOMPRESSEE = 40 << 30
RATIO_MAX = 200
RATIO_ACCEPTE_JUSQUA = 64 << 20
MEMBRES_MAX = 1000

# Texts, of which the first lines say what the rest is.
_COUPABLES = frozenset({".csv", ".txt"})

_LFS = b"version https://git-lfs"
_HTML = (b"<!doctype html", b"<html", b"<head", b"<?xml version", b"<!--")
# "Ã©", "Â°", "Ã‰", "â€" in UTF-8: text that was decoded once too often. "Â" alone is legitimate (CHÂTEAU).
_MOJIBAKE = (b"\xc3\x83\xc2", b"\xc3\x82\xc2", b"\xc3\x83\xe2\x80", b"\xc3\xa2\xe2\x82\xac")
# A quoted part, spaces, and another one; spaces before a quote that begins a cell.
_GUILLEMETS_DOUTEUX = re.compile(rb'" +"|[;,\t|\n] +"')
_BOUT = 64


@dataclass(frozen=True)
class Etat:
    """Facts about the bytes of a file."""

    taille: int
    sha256: str
    utf8: bool = True
    utf16: bool = False
    nul: bool = False
    mojibake: bool = False
    lignes: int = 0  # physical lines, the last one counted even without a final newline
    fin_de_ligne: bool = True  # ends with a newline
    retours_seuls: bool = False  # carriage returns and no newline at all (old spreadsheets)
    guillemets_douteux: bool = False  # quotes that DuckDB would read otherwise than `reparation` does
    retours_isoles: bool = False  # carriage returns inside lines, which DuckDB would take for ends of lines

    @property
    def propre(self) -> bool:
        """Whether the text can be parsed as it is, without the repair pass."""
        abime = self.utf16 or self.nul or self.mojibake or self.retours_seuls or self.retours_isoles
        return self.utf8 and not (abime or self.guillemets_douteux)

    @property
    def fin_suspecte(self) -> bool:
        """Whether the last line alone has no end: the file may have been cut inside its last cell."""
        return not self.fin_de_ligne and self.lignes > 1


class FichierVide(DonneesRefusees):
    """A file without any content: it is said, and stops nothing, since no row can be lost."""


def chunks(chemin: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    with chemin.open("rb") as flux:
        while morceau := flux.read(MORCEAU):
            yield morceau


def refuse_non_data(debut: bytes, nom: str) -> None:
    """Refuse what is not data at all: empty file, Git-LFS pointer, error page saved under a data name.

    Raises:
        FichierVide: nothing in it.
        DonneesRefusees: with what to do.
    """
    if not debut.strip():
        raise FichierVide(f"{nom} : le fichier est vide. Déposez-le de nouveau depuis sa source.")
    tete = debut.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if tete.startswith(_LFS):
        raise DonneesRefusees(
            f"{nom} : c'est un pointeur Git-LFS, pas les données. Récupérez le vrai fichier (git lfs pull)."
        )
    if tete.startswith(_HTML):
        raise DonneesRefusees(
            f"{nom} : c'est une page HTML ou XML (souvent une page d'erreur), pas des données. "
            "Téléchargez-le de nouveau."
        )


def hash_file(chemin: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file."""
    empreinte = hashlib.sha256()
    taille = 0
    for morceau in chunks(chemin):
        empreinte.update(morceau)
        taille += len(morceau)
    return taille, empreinte.hexdigest()


def inspect_text(chemin: Path, nom: str, taille: int, sha256: str) -> Etat:
    """One pass over a text file: UTF-8 validity, line count, traces of damage.

    `taille` and `sha256` are those of the deposited bytes, compressed or not.

    Raises:
        DonneesRefusees: empty, Git-LFS pointer or HTML page.
    """
    decodeur = codecs.getincrementaldecoder("utf-8")()
    lignes = retours = 0
    utf8, nul, mojibake, dernier, utf16 = True, False, False, b"", False
    isoles, douteux, bout = 0, False, b"\n"
    for morceau in chunks(chemin):
        if not dernier:
            refuse_non_data(morceau, nom)
            utf16 = morceau.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        lignes += morceau.count(b"\n")
        if b"\r" in morceau or dernier == b"\r":
            seuls = morceau.count(b"\r") - morceau.count(b"\r\n")
            isoles += seuls - (dernier == b"\r" and morceau.startswith(b"\n"))
            retours += morceau.count(b"\r")
        if not morceau.isascii():
            mojibake = mojibake or any(m in morceau for m in _MOJIBAKE)
        if utf8:
            try:
                decodeur.decode(morceau)
            except UnicodeDecodeError:
                utf8 = False
        # The pattern is ten times slower than the search for what it needs.
        douteux = douteux or any(
            b' "' in vu and _GUILLEMETS_DOUTEUX.search(vu) is not None
            for vu in (morceau, bout + morceau[:_BOUT])
        )
        bout = morceau[-_BOUT:]
        nul = nul or b"\0" in morceau
        dernier = morceau[-1:]
    if not dernier:
        refuse_non_data(b"", nom)
    if utf8:
        try:
            decodeur.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = False
    return Etat(
        taille=taille,
        sha256=sha256,
        utf8=utf8,
        utf16=utf16,
        nul=nul,
        mojibake=mojibake,
        lignes=lignes + (dernier != b"\n"),
        fin_de_ligne=bout.endswith((b"\n\0", b"\0\n") if utf16 else b"\n"),
        retours_seuls=lignes == 0 and retours > 1,
        guillemets_douteux=douteux,
        retours_isoles=isoles > 0,
    )


def _copy_limited(source: Iterator[bytes], cible: Path, compresse: int, nom: str) -> None:
    """Write a decompressed stream, refusing what grows beyond reason."""
    ecrit = 0
    with cible.open("wb") as flux:
        for morceau in source:
            ecrit += len(morceau)
            if ecrit > RATIO_ACCEPTE_JUSQUA and ecrit > max(compresse, 1) * RATIO_MAX:
                raise DonneesRefusees(
                    f"{nom} : le fichier compressé se dilate plus de {RATIO_MAX} fois, refusé (piège)."
                )
            if ecrit > min(
                TAILLE_MAX_DECOMPRESSEE, shutil.disk_usage(cible.parent).free + ecrit - (64 << 20)
            ):
                raise DonneesRefusees(
                    f"{nom} : trop volumineux une fois décompressé pour la place disponible."
                )
            flux.write(morceau)


def decompress_gzip(chemin: Path, cible: Path, nom: str) -> None:
    """Decompress a `.gz` into a temporary file.

    Raises:
        DonneesRefusees: truncated, damaged, or a bomb.
    """

    def morceaux() -> Iterator[bytes]:
        with gzip.open(chemin, "rb") as flux:
            while morceau := flux.read(MORCEAU):
                yield morceau

    try:
        _copy_limited(morceaux(), cible, chemin.stat().st_size, nom)
    except (OSError, EOFError, zlib.error) as error:
        raise DonneesRefusees(
            f"{nom} : fichier gzip illisible ou tronqué ({error}). Téléchargez-le de nouveau."
        ) from error


def _safe_name(membre: zipfile.ZipInfo) -> bool:
    nom = membre.filename.replace("\\", "/")
    chemin = PurePosixPath(nom)
    lien = stat.S_ISLNK(membre.external_attr >> 16)
    return not (chemin.is_absolute() or ".." in chemin.parts or ":" in nom or "\0" in nom or lien)


def open_archive(chemin: Path, nom: str) -> zipfile.ZipFile:
    """Open a zip (or an xlsx) after checking names and declared sizes of its members.

    Raises:
        DonneesRefusees: damaged, a member leads outside, or a bomb.
    """
    try:
        archive = zipfile.ZipFile(chemin)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DonneesRefusees(
            f"{nom} : archive illisible ou tronquée ({error}). Téléchargez-la de nouveau."
        ) from error
    membres = archive.infolist()
    for membre in membres:
        if not _safe_name(membre):
            archive.close()
            raise DonneesRefusees(f"{nom} : l'archive contient un nom de fichier interdit, refusée.")
    total = sum(m.file_size for m in membres)
    compresse = max(chemin.stat().st_size, 1)
    trop = total > RATIO_ACCEPTE_JUSQUA and total > compresse * RATIO_MAX
    if trop or total > TAILLE_MAX_DECOMPRESSEE or len(membres) > MEMBRES_MAX:
        archive.close()
        raise DonneesRefusees(f"{nom} : archive anormalement volumineuse une fois décompressée, refusée.")
    return archive


def extract_members(
    chemin: Path, dossier: Path, nom: str, limite: int | None = None
) -> list[tuple[str, Path]]:
    """Extract the files of a zip into a temporary folder, under numbered names, in name order.

    With a `limite`, no more than that many bytes of a text are extracted; other formats cannot be cut.

    Raises:
        DonneesRefusees: as `open_archive`; a member is encrypted or damaged, or two have the same name.
    """
    extraits = []
    with open_archive(chemin, nom) as archive:
        membres = sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda m: m.filename)
        if repetes := sorted(n for n, k in Counter(m.filename for m in membres).items() if k > 1):
            raise DonneesRefusees(
                f"{nom} : l'archive contient plusieurs fichiers du même nom (« {repetes[0]} »). "
                "Donnez-leur des noms différents et refaites-la."
            )
        for rang, membre in enumerate(membres):
            cible = dossier / f"{rang:04d}{Path(membre.filename).suffix.lower()}"
            try:
                with archive.open(membre) as flux:
                    if limite is not None and cible.suffix in _COUPABLES:
                        cible.write_bytes(flux.read(limite))
                    else:
                        lecture = iter(lambda f=flux: f.read(MORCEAU), b"")  # type: ignore[misc]
                        _copy_limited(lecture, cible, membre.compress_size, nom)
            except (
                zipfile.BadZipFile,
                RuntimeError,
                EOFError,
                zlib.error,
                OSError,
                NotImplementedError,
            ) as error:
                raise DonneesRefusees(
                    f"{nom} : le membre « {membre.filename} » est illisible ({error})."
                ) from error
            extraits.append((membre.filename, cible))
    return extraits
