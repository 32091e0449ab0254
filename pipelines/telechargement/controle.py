"""Whether downloaded bytes are what their name promises, and taking wanted files out of an archive.

The guards on what is not data and on dangerous archives are those of the readers (`pipelines.inspection`).
"""

import errno
import fnmatch
import os
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from pipelines.errors import DonneesRefusees
from pipelines.inspection import open_archive, refuse_non_data
from pipelines.telechargement.refus import Refus
from pipelines.telechargement.registre import Membre, Produit, extension

_TETE = 1 << 16
_MORCEAU = 4 << 20
_ARCHIVES = frozenset({".zip", ".xlsx"})
_COMPRESSES = frozenset({".csv.gz", ".geojson.gz"})
_TEXTES = frozenset({".csv"})
_OBJETS = frozenset({".json", ".geojson"})
_SEPARATEURS = b";,\t|"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def check_download(produit: Produit, partiel: Path, taille: int, sha256: str) -> None:
    """Refuse a complete download that is too small, of another content than expected, or not of its format.

    Raises:
        Refus: what it is instead.

    """
    check_content(partiel, produit.format)
    if taille < produit.octets_min:
        raise Refus(
            f"le fichier n'a que {taille} octets, moins que le minimum vraisemblable ({produit.octets_min})"
        )
    if produit.sha256 is not None and sha256 != produit.sha256:
        raise Refus(
            f"son empreinte SHA-256 est {sha256}, pas celle du registre ({produit.sha256})",
            "Le producteur a publié une autre version, ou le fichier est abîmé : vérifiez sur sa page, puis "
            "corrigez sha256 dans telechargements.yml",
        )


def check_content(chemin: Path, format_attendu: str) -> None:
    """Refuse an error page, a pointer, a damaged archive, or text where there should be something else.

    Raises:
        Refus: what it is instead.

    """
    with chemin.open("rb") as flux:
        tete = flux.read(_TETE)
    try:
        refuse_non_data(tete, "")
    except DonneesRefusees as error:
        raise Refus(str(error).removeprefix(" : ").partition(".")[0]) from error
    if format_attendu in _ARCHIVES:
        _check_archive(chemin)
    elif format_attendu in _COMPRESSES and not tete.startswith(b"\x1f\x8b"):
        raise Refus("ce n'est pas un fichier gzip")
    elif format_attendu == ".parquet" and not _is_parquet(chemin):
        raise Refus("ce n'est pas un fichier Parquet, ou il est tronqué")
    elif format_attendu in _OBJETS and not _is_whole_json(chemin, tete):
        raise Refus("ce n'est pas un fichier JSON, ou il est tronqué")
    elif format_attendu in _TEXTES:
        _check_table(tete)


def _check_archive(chemin: Path) -> None:
    """Open an archive, then read it all: its checksums prove that nothing is missing inside."""
    try:
        with open_archive(chemin, "") as archive:
            abime = archive.testzip()
    except DonneesRefusees as error:
        raise Refus(str(error).removeprefix(" : ").partition(".")[0]) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise Refus(f"archive illisible ou tronquée ({error})") from error
    if abime is not None:
        raise Refus(f"archive abîmée : le membre « {abime} » est illisible")


def _is_parquet(chemin: Path) -> bool:
    with chemin.open("rb") as flux:
        debut = flux.read(4)
        flux.seek(max(chemin.stat().st_size - 4, 0))
        return debut == flux.read(4) == b"PAR1"


def _is_whole_json(chemin: Path, tete: bytes) -> bool:
    with chemin.open("rb") as flux:
        flux.seek(max(chemin.stat().st_size - 64, 0))
        fin = flux.read().rstrip()
    return tete.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and fin[-1:] in (b"}", b"]")


def _check_table(tete: bytes) -> None:
    """Text in columns; an answer in JSON (an error of an interface) is not."""
    if tete.startswith(_UTF16):
        return
    if b"\0" in tete:
        raise Refus("ce n'est pas du texte")
    if tete.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        raise Refus("c'est une réponse en JSON, pas un tableau")
    if not any(s in _SEPARATEURS for s in tete.partition(b"\n")[0]):
        raise Refus("la première ligne n'a pas de colonnes : ce n'est pas un tableau")


def extract(archive: Path, membres: tuple[Membre, ...], dossier: Path) -> dict[str, Path]:
    """Take the wanted files out of an archive into a folder; their partial paths by destination.

    Raises:
        Refus: a wanted file is not there, or two files fit.
        OSError: the disk has no room for them.

    """
    sortis: dict[str, Path] = {}
    with open_archive(archive, "") as ouverte:
        noms = [m.filename for m in ouverte.infolist() if not m.is_dir()]
        for rang, membre in enumerate(membres):
            trouves = [n for n in noms if _fits(n, membre.motif)]
            if not trouves and membre.facultatif:
                continue
            if len(trouves) != 1:
                contenu = ", ".join(PurePosixPath(n).name for n in sorted(noms)[:20]) or "rien"
                combien = "aucun fichier" if not trouves else "plusieurs fichiers"
                raise Refus(f"l'archive contient {combien} « {membre.motif} » (elle contient : {contenu})")
            if ouverte.getinfo(trouves[0]).file_size > shutil.disk_usage(dossier).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(dossier))
            cible = dossier / f"{rang:02d}{extension(membre.destination)}"
            with ouverte.open(trouves[0]) as source, cible.open("wb") as flux:
                while morceau := source.read(_MORCEAU):
                    flux.write(morceau)
            check_content(cible, extension(membre.destination))
            sortis[membre.destination] = cible
    if not sortis:
        raise Refus("l'archive ne contient aucun des fichiers attendus")
    return sortis


def _fits(nom: str, motif: str) -> bool:
    """Whether a member answers to a pattern, by its own name, whatever its case."""
    return fnmatch.fnmatchcase(PurePosixPath(nom.replace("\\", "/")).name.lower(), motif.lower())
