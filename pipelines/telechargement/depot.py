"""From products to files of the landing folder: what is already there, what may be written, what to say.

Nothing that the user put there is ever replaced: a file is only written over when the record knows its bytes.
Partial and unpacked files are in a hidden folder of the landing folder, which the readers do not see.
"""

import errno
import fcntl
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pipelines.errors import ObservatoireError
from pipelines.fichiers import flush, flush_folder, private_folder
from pipelines.inspection import hash_file
from pipelines.telechargement import transfert
from pipelines.telechargement.controle import check_download, extract
from pipelines.telechargement.refus import Refus
from pipelines.telechargement.registre import Produit
from pipelines.telechargement.trace import FichierTrace, Registre, Trace
from pipelines.telechargement.transfert import Reglages, octets

# Hidden: neither the readers nor the sensor look into it.
_ATELIER = ".telechargements"
_SUIVI = logging.getLogger("observatoire.progression")

Etat = Literal["telecharge", "present", "a_la_main", "sur_demande", "absent", "echec"]


@dataclass(frozen=True)
class Resultat:
    """What became of one product: its files when it has some, and one sentence."""

    produit: str
    millesime: int | None
    etat: Etat
    message: str
    fichiers: tuple[str, ...] = ()
    octets: int | None = None


def fetch(donnees: Path, produits: Sequence[Produit], reglages: Reglages | None = None) -> list[Resultat]:
    """Download products into the landing folder, one after the other; a failure does not stop the others.

    Raises:
        ObservatoireError: the landing folder cannot be used, or another download is at work in it.

    """
    reglages = reglages or Reglages()
    with _lock(donnees):
        registre = Registre(donnees)
        injoignables: set[str] = set()
        resultats = []
        for produit in produits:
            hote = urlsplit(produit.url or "").netloc
            patience = replace(reglages, essais=1) if hote in injoignables else reglages
            try:
                resultats.append(_Depot(donnees, registre, produit, patience).result())
            except Refus as refus:
                if refus.injoignable:
                    injoignables.add(hote)
                resultats.append(_failure(produit, refus))
        return resultats


def states(donnees: Path, produits: Sequence[Produit]) -> list[Resultat]:
    """Say what is there and what is not, without downloading anything."""
    registre = Registre(donnees)
    return [_Depot(donnees, registre, produit, Reglages()).state() for produit in produits]


@contextmanager
def _lock(donnees: Path) -> Iterator[None]:
    """One download at a time in a landing folder; the kernel frees the lock however the process ends."""
    try:
        private_folder(donnees / _ATELIER)
        verrou = (donnees / _ATELIER / "verrou").open("a", encoding="utf-8")
    except OSError as error:
        raise ObservatoireError(
            f"« {donnees} » ne peut pas être écrit ({error.strerror}). Choisissez un autre dossier avec "
            "--donnees, ou donnez le droit d'écriture."
        ) from error
    with verrou:
        try:
            fcntl.flock(verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ObservatoireError(
                f"Un autre téléchargement est en cours dans « {donnees} ». Attendez sa fin, puis relancez."
            ) from error
        yield


@contextmanager
def _followed(nom: str) -> Iterator[None]:
    """Tell whoever watches when a download begins and how it ends."""
    debut = time.monotonic()
    _SUIVI.info("%s", nom, extra={"moment": "debut"})
    moment = "echec"
    try:
        yield
        moment = "fin"
    finally:
        _SUIVI.info("%s", nom, extra={"moment": moment, "duree_s": time.monotonic() - debut})


@contextmanager
def _emptied(dossier: Path) -> Iterator[Path]:
    """An empty folder for the time of the block; what a dead run left there goes."""
    shutil.rmtree(dossier, ignore_errors=True)
    dossier.mkdir()
    try:
        yield dossier
    finally:
        shutil.rmtree(dossier, ignore_errors=True)


def _failure(produit: Produit, refus: Refus) -> Resultat:
    places = " et ".join(produit.destinations)
    page = f" sur {produit.page}" if produit.page else ""
    if refus.injoignable:
        remede = (
            "Vérifiez la connexion de cette machine (variable HTTPS_PROXY derrière un serveur mandataire) et "
            f"relancez, ou prenez le fichier{page} et déposez-le en {places}"
        )
    else:
        doute = "" if produit.verifie else " (elle n'est pas confirmée dans le registre)"
        remede = refus.remede or (
            f"Vérifiez l'adresse {produit.url}{page}{doute}, ou déposez vous-même le fichier en {places}"
        )
    return Resultat(
        *(produit.produit, produit.millesime, "echec"),
        f"{produit.nom} ({', '.join(produit.destinations)}) : {refus.constat}. {remede}.",
    )


@dataclass(frozen=True)
class _Depot:
    """One product and the landing folder."""

    donnees: Path
    registre: Registre
    produit: Produit
    reglages: Reglages

    def result(self) -> Resultat:
        """Download what is missing, or say where to find it.

        Raises:
            Refus: it was not downloaded, and why.

        """
        if self.produit.acces != "direct":
            return self._by_hand()
        try:
            if (deja := self._present()) is not None:
                return deja
            self._check_places()
            with _followed(self.produit.nom):
                return self._download()
        except OSError as error:
            raise _disk_refusal(error) from error

    def state(self) -> Resultat:
        """What is there, without downloading."""
        if self.produit.acces != "direct":
            return self._by_hand()
        deja = self._present()
        if deja is not None:
            return deja
        entame = transfert.read_part(self._partial()) is not None
        return self._said("absent", f"{self.produit.nom} : {'commencé' if entame else 'à télécharger'}.")

    def _said(self, etat: Etat, message: str, trace: Trace | None = None) -> Resultat:
        fichiers = tuple(f.fichier for f in trace.fichiers) if trace else self.produit.destinations
        taille = trace.taille if trace else None
        return Resultat(self.produit.produit, self.produit.millesime, etat, message, fichiers, taille)

    def _by_hand(self) -> Resultat:
        """Where to find what cannot be downloaded, and where to put it."""
        p, note = self.produit, f" {self.produit.note}" if self.produit.note else ""
        if p.acces == "demande":
            page = f" ({p.page})" if p.page else ""
            return self._said(
                "sur_demande",
                f"{p.nom} : {p.titre}. {p.licence}. À demander : {p.contact}{page}. "
                f"À déposer dans {p.destination}.{note}",
            )
        return self._said(
            "a_la_main",
            f"{p.nom} : {p.titre}. À télécharger depuis {p.page} et à déposer en {p.destination}.{note}",
        )

    def _check_places(self) -> None:
        """Refuse to write over a file that the record does not know, or outside the landing folder.

        Raises:
            Refus: with the file in the way.

        """
        racine = self.donnees.resolve()
        for destination in self.produit.destinations:
            chemin = self.donnees / destination
            if not chemin.resolve().is_relative_to(racine):
                raise Refus(
                    f"« {destination} » mène hors du dossier de dépôt par un lien",
                    "Remplacez le lien par un vrai dossier",
                )
            if not chemin.exists():
                continue
            connues = self.registre.known_hashes(destination)
            if connues and chemin.is_file() and hash_file(chemin)[1] in connues:
                continue
            if self._same_as_registry(chemin):
                continue
            constat = (
                f"« {destination} » a été modifié depuis son téléchargement"
                if connues
                else f"« {destination} » existe déjà et n'a pas été téléchargé par cette commande"
            )
            raise Refus(
                constat, "Il n'est pas touché. Pour le remplacer, déplacez-le ou supprimez-le d'abord"
            )

    def _same_as_registry(self, chemin: Path) -> bool:
        """Whether a file put there by hand is the very one that would be downloaded."""
        p = self.produit
        return bool(p.sha256) and not p.membres and chemin.is_file() and hash_file(chemin)[1] == p.sha256

    def _present(self) -> Resultat | None:
        """The answer when there is nothing to download: same address, same bytes."""
        p, trace = self.produit, self.registre.get(self.produit)
        if trace is None:
            if p.destination and self._same_as_registry(self.donnees / p.destination):
                return self._said(
                    "present", f"{p.nom} : déjà là, tel que le registre le décrit ({p.destination})."
                )
            return None
        if trace.url != p.url or (p.sha256 is not None and p.sha256 != trace.sha256):
            return None
        for fichier in trace.fichiers:
            chemin = self.donnees / fichier.fichier
            if fichier.fichier not in p.destinations or not chemin.is_file():
                return None
            if chemin.stat().st_size != fichier.taille or hash_file(chemin)[1] != fichier.sha256:
                return None
        if _missing_files(p, trace):
            return None
        noms = ", ".join(f.fichier for f in trace.fichiers)
        jour = trace.recupere_le[:10]
        return self._said("present", f"{p.nom} : déjà là, inchangé depuis le {jour} ({noms}).", trace)

    def _partial(self) -> Path:
        suffixe = f"-{self.produit.millesime}" if self.produit.millesime else ""
        return self.donnees / _ATELIER / f"{self.produit.produit}{suffixe}.part"

    def _download(self) -> Resultat:
        """Download, check, record, then put in place."""
        p, partiel = self.produit, self._partial()
        recu = transfert.download(p, partiel, self.reglages, self._progress, _SUIVI.info)
        taille, sha256 = hash_file(partiel)
        try:
            check_download(p, partiel, taille, sha256)
            with _emptied(partiel.with_suffix(".extraits")) as dossier:
                prets = extract(partiel, p.membres, dossier) if p.membres else {p.destinations[0]: partiel}
                trace = self._trace(recu, taille, sha256, prets)
                self._place(trace, prets)
        except Refus:
            transfert.discard(partiel)
            raise
        transfert.discard(partiel)
        noms = ", ".join(f.fichier for f in trace.fichiers)
        suite = " (repris)" if recu.repris else ""
        return self._said("telecharge", f"{p.nom} : {noms}, {octets(taille)}{suite}.", trace)

    def _progress(self, fait: int, total: int | None) -> None:
        nom = self.produit.nom
        if total:
            message = f"{nom} : {octets(fait)} sur {octets(total)}"
            _SUIVI.info("%s", message, extra={"fait": fait, "total": total})
        else:
            _SUIVI.info("%s", f"{nom} : {octets(fait)}", extra={"recu": fait})

    def _trace(self, recu: transfert.Recu, taille: int, sha256: str, prets: dict[str, Path]) -> Trace:
        p = self.produit
        fichiers = []
        for destination, chemin in sorted(prets.items()):
            flush(chemin)
            ancien = self.donnees / destination
            remplace = hash_file(ancien)[1] if ancien.is_file() else None
            fichiers.append(FichierTrace(destination, *hash_file(chemin), remplace))
        return Trace(
            produit=p.produit,
            millesime=p.millesime,
            titre=p.titre,
            producteur=p.producteur,
            licence=p.licence,
            citation=p.citation,
            page=p.page,
            url=str(p.url),
            url_finale=recu.url_finale,
            recupere_le=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            taille=taille,
            sha256=sha256,
            type_contenu=recu.type_contenu,
            etag=recu.etag,
            modifie_le=recu.modifie_le,
            fichiers=tuple(fichiers),
        )

    def _place(self, trace: Trace, prets: dict[str, Path]) -> None:
        """Record first, rename then: a stop between the two leaves files that the record knows."""
        self._check_places()
        self.registre.put(trace)
        for destination, chemin in sorted(prets.items()):
            cible = self.donnees / destination
            cible.parent.mkdir(parents=True, exist_ok=True)
            chemin.replace(cible)
            flush_folder(cible.parent)
        if any(f.remplace for f in trace.fichiers):
            nus = tuple(replace(f, remplace=None) for f in trace.fichiers)
            self.registre.put(replace(trace, fichiers=nus))


def _missing_files(produit: Produit, trace: Trace) -> list[str]:
    """Files that the product wants and that its last download did not give."""
    obtenus = {f.fichier for f in trace.fichiers}
    if not produit.membres:
        return [d for d in produit.destinations if d not in obtenus]
    return [m.destination for m in produit.membres if not m.facultatif and m.destination not in obtenus]


def _disk_refusal(error: OSError) -> Refus:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Refus(
            "plus de place sur le disque", "Libérez de la place puis relancez : ce qui est reçu est gardé"
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Refus(
            f"écriture refusée ({error.filename})", "Donnez le droit d'écriture sur le dossier de dépôt"
        )
    return Refus(
        f"erreur du disque ({error.strerror or error})", "Vérifiez le dossier de dépôt puis relancez"
    )
