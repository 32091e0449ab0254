"""What `observatoire purger` does and shows: what would go, then the removal, the rebuild and the proof."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import ingestion, publication, purge
from pipelines.calendrier import PARIS
from pipelines.cli import affichage
from pipelines.cli.actions import construct
from pipelines.errors import MauvaisUsage
from pipelines.paths import WorkingFolder

# A file can hold thousands of lines of a vintage: the account has them all.
_LINES_SHOWN = 20
# Where a server keeps what runs print (deploiement/dagster.yaml).
PRINTED_VARIABLE = "OBSERVATOIRE_JOURNAUX"


@dataclass(frozen=True)
class _Fait:
    """What one call found and did."""

    avant: purge.Constat
    apres: purge.Constat
    versions: Sequence[int]
    registre: Path | None


def purger(
    *,
    donnees: Path,
    entrepot: Path,
    personnes: str | None,
    source: str | None,
    millesime: int | None,
    motif: str,
    sans_exclusion: bool,
    territoires: Path | None,
    confirmer: bool,
    json: bool,
    lacs: Sequence[Path] = (),
) -> int:
    """Remove what is asked from everything that comes from the files; return the exit code."""
    if not donnees.is_dir():
        raise MauvaisUsage(f"Le dossier de dépôt « {donnees} » n'existe pas.")
    if source is not None and source not in ingestion.sources():
        raise MauvaisUsage(f"--source attend {', '.join(ingestion.sources())} ; reçu « {source} ».")
    from pipelines.resources import Parametres

    parametres = Parametres(entrepot=str(entrepot))
    traces = _traces(parametres)
    numeros = () if personnes is None else purge.read_numbers(_lines(personnes))
    demande = purge.Demande(parametres.pseudonym_key(), numeros, source, millesime)
    dossier = WorkingFolder(entrepot.resolve())
    before = purge.examine(dossier, donnees, demande, traces=traces, executions=_executions(), lacs=lacs)
    if not confirmer:
        _show(before, None, json)
        return 0
    with publication.disk_errors_explained(donnees):
        jour = datetime.now(PARIS).date()
        rangs = [] if sans_exclusion else purge.exclude(donnees, demande, jour, motif)
    with publication.disk_errors_explained(dossier.root):
        purge.empty_store(dossier, demande)
    with affichage.progress_shown():
        _rebuild(donnees, entrepot, territoires)
    with publication.disk_errors_explained(dossier.root):
        dropped = purge.drop_versions(dossier, demande)
        purge.renew_lakes(dossier, demande, lacs)
        after = purge.examine(
            *(dossier, donnees, demande),
            rangs=rangs,
            traces=traces,
            executions=_executions(),
            lacs=lacs,
        )
        path = purge.write_register(
            dossier, demande, motif=motif, before=before, after=after, dropped=dropped
        )
    _show(before, _Fait(before, after, dropped, path), json)
    return 0 if after.propre else 1


def _traces(parametres: Any) -> list[Path]:
    """Folders where runs leave something else than the warehouse: reports, what Dagster keeps, what runs
    printed."""
    places = [os.environ.get(name) for name in ("DAGSTER_HOME", PRINTED_VARIABLE)]
    return [p for p in (parametres.reports_folder(), *(Path(p) for p in places if p)) if p is not None]


def _executions() -> Iterator[tuple[str, bytes]]:
    """What the orchestrator keeps: its storage may be a server's."""
    if os.environ.get("DAGSTER_HOME"):
        from pipelines.cli.execution import kept_texts

        yield from kept_texts()


def _lines(personnes: str) -> list[str]:
    """The numbers, from a file or from the input: on a command line, the whole machine would see them."""
    if personnes == "-":
        return sys.stdin.read().splitlines()
    try:
        return Path(personnes).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MauvaisUsage(
            "--personnes attend un fichier de numéros, un par ligne, ou - pour les lire au clavier."
        ) from error


def _rebuild(donnees: Path, entrepot: Path, territoires: Path | None) -> None:
    with publication.open_warehouse(entrepot, toute_version=True) as con:
        asked = publication.read_parameters(con)
    construct(
        donnees,
        entrepot,
        annees=[int(year) for year in asked.get("annee", [])],
        territoires=territoires,
        epci=asked.get("epci", []),
        tous="tous" in asked,
    )


def _show(before: purge.Constat, done: _Fait | None, json: bool) -> None:
    if json:
        affichage.show_json(
            {"avant": _plain(before)}
            if done is None
            else {
                "avant": _plain(before),
                "apres": _plain(done.apres),
                "versions_retirees": list(done.versions),
                "registre": str(done.registre),
                "prouve": done.apres.propre,
            }
        )
        return
    lines = _found(before)
    if done is None:
        affichage.show_lines([*lines, "Rien n'a été retiré : relancez avec --confirmer."])
        return
    affichage.show_lines([*lines, *_proof(done)])


def _plain(constat: purge.Constat) -> dict[str, Any]:
    return {
        "entrepot": constat.entrepot,
        "magasin": constat.magasin,
        "versions": [int(path.stem) for path in constat.versions],
        "depot": constat.depot,
        "traces": constat.traces,
        "editions": [str(path) for path in constat.editions],
        "lacs": [str(path) for path in constat.lacs],
    }


def _found(constat: purge.Constat) -> list[str]:
    lines = [
        f"Entrepôt publié, {table} : {affichage.number(rows)} ligne(s)."
        for table, rows in constat.entrepot.items()
    ]
    if constat.magasin:
        lines.append(f"Fichiers validés (magasin) : {affichage.number(constat.magasin)} ligne(s).")
    if constat.versions:
        numbers = ", ".join(str(int(path.stem)) for path in constat.versions)
        lines.append(f"Versions gardées qui le contiennent, ou dont on ne peut rien dire : {numbers}.")
    lines += [f"Édition qui vient d'un entrepôt qui le contient : {path.name}." for path in constat.editions]
    lines += [f"Version d'un lac qui le contient, ou dont on ne peut rien dire : {p}." for p in constat.lacs]
    lines += [f"Trace d'une exécution, à supprimer : {trace}." for trace in constat.traces]
    return [
        *(
            lines
            or ["Ni l'entrepôt, ni ses éditions, ni le magasin, ni les versions gardées n'en ont trace."]
        ),
        *_landing(constat),
    ]


def _landing(constat: purge.Constat) -> list[str]:
    lines = []
    for fichier, found in constat.depot.items():
        shown = ", ".join(str(line) for line in found[:_LINES_SHOWN])
        more = f" et {len(found) - _LINES_SHOWN} autres" if len(found) > _LINES_SHOWN else ""
        where = f"lignes {shown}{more}" if found else "sans numéro de ligne"
        lines.append(f"Dossier de dépôt, {fichier} : {where}.")
    return lines


def _proof(done: _Fait) -> list[str]:
    if not done.apres.propre:
        return ["Non prouvé, il reste :", *_found(done.apres), f"Registre : {done.registre}"]
    lines = ["Entrepôt reconstruit et publié."]
    if done.versions:
        lines.append(f"Versions gardées retirées : {', '.join(map(str, done.versions))}.")
    lines.append(
        "Prouvé : l'entrepôt, ses éditions, le magasin, les versions gardées, les lacs donnés et ce que les "
        "exécutions ont laissé n'en ont plus trace."
    )
    if done.apres.depot:
        lines += [
            "Les fichiers déposés le contiennent encore ; ces lignes ne sont plus lues, mais c'est à vous "
            "de les supprimer :",
            *_landing(done.apres),
        ]
    return [*lines, f"Registre : {done.registre}"]
