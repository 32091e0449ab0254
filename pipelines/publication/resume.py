"""The readable account of a run, published or not: one JSON and one Markdown file in the working folder.

What a run left in `meta` is read here and shown; what failed is written here and nowhere else, because the
reason may quote a cell: the working folder is private, alerts and logs only name the file. No row is copied.
"""

import fcntl
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.fichiers import write_json, write_text
from pipelines.paths import WorkingFolder
from pipelines.publication.chantier import Chantier
from pipelines.publication.lecture import Execution, open_warehouse
from pipelines.publication.mesure import Etape, peak_memory

# Published or not, in number of runs.
KEPT = 100
_RUNNING, _FAILED, _PUBLISHED, _UNCHANGED = "en_cours", "echec", "publiee", "inchangee"
_STEPS_SHOWN = 15


@dataclass(frozen=True)
class ExecutionEchouee:
    """A run that did not publish."""

    execution: str
    debut: datetime
    etape: str
    resume: Path


def begin_summary(chantier: Chantier) -> None:
    """Write that a run is under way; what dead runs left so becomes their account."""
    folder = chantier.dossier.executions
    folder.mkdir(exist_ok=True)
    for path in folder.glob(f"{_RUNNING}-*.json"):
        content = _read(path)
        if content is not None:
            _write_failure(folder, {**content, "statut": "interrompue"})
        path.unlink()
    write_json(_running(chantier), {"statut": _RUNNING, **_identity(chantier), "etape": "démarrage"})


def write_summary(chantier: Chantier, execution: Execution, etapes: Sequence[Etape]) -> Path:
    """Write the account of a published run and return the path of its JSON file."""
    path = chantier.dossier.executions / f"{execution.version:04d}-{chantier.run_id}.json"
    path.parent.mkdir(exist_ok=True)
    with open_warehouse(chantier.dossier.entrepot) as con:
        content = {"statut": _PUBLISHED, **_published(con), "etapes": [vars(etape) for etape in etapes]}
    _write(path, content)
    _running(chantier).unlink(missing_ok=True)
    _prune(path.parent)
    return path


def write_unchanged(chantier: Chantier, execution: Execution, etapes: Sequence[Etape]) -> Path:
    """Write the account of a run that left the published version, and return the path of its JSON file."""
    content = {
        "statut": _UNCHANGED,
        **_identity(chantier),
        "fin": datetime.now(UTC).isoformat(timespec="seconds"),
        "memoire_max_mo": peak_memory(),
        "version": execution.version,
        "etapes": [vars(done) for done in etapes],
    }
    path = _write_dated(chantier.dossier.executions, content, _UNCHANGED)
    _running(chantier).unlink(missing_ok=True)
    _prune(path.parent)
    return path


def write_failure(chantier: Chantier, etape: str, raison: str, etapes: Sequence[Etape]) -> Path | None:
    """Write the account of a run that stopped before publication and return the path of its JSON file.

    A run that published has its account already: nothing is written.
    """
    if not _running(chantier).exists():
        return None
    content = {
        "statut": _FAILED,
        **_identity(chantier),
        "fin": datetime.now(UTC).isoformat(timespec="seconds"),
        "memoire_max_mo": peak_memory(),
        "etape": etape,
        "raison": raison,
        "etapes": [vars(done) for done in etapes],
    }
    path = _write_failure(chantier.dossier.executions, content)
    _running(chantier).unlink(missing_ok=True)
    _prune(path.parent)
    return path


def last_failure(dossier: WorkingFolder) -> ExecutionEchouee | None:
    """Return the last run when it did not publish; None when it did, or is still under way."""
    accounts = []
    for path in sorted(dossier.executions.glob("*.json")) if dossier.executions.is_dir() else []:
        content = _read(path)
        if content is not None and not (content["statut"] == _RUNNING and _is_held(dossier)):
            accounts.append((str(content["debut"]), path, content))
    if not accounts:
        return None
    debut, path, content = max(accounts, key=lambda account: account[0])
    if content["statut"] in {_PUBLISHED, _UNCHANGED}:
        return None
    return ExecutionEchouee(
        str(content["execution"]), datetime.fromisoformat(debut), str(content["etape"]), path
    )


def _identity(chantier: Chantier) -> dict[str, object]:
    return {"execution": chantier.run_id, "debut": chantier.debut.isoformat(timespec="seconds")}


def _running(chantier: Chantier) -> Path:
    return chantier.dossier.executions / f"{_RUNNING}-{chantier.run_id}.json"


def _is_held(dossier: WorkingFolder) -> bool:
    """Whether a build is under way: its lock cannot be taken."""
    try:
        with dossier.verrou.open(encoding="utf-8") as verrou:
            fcntl.flock(verrou, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _write_failure(folder: Path, content: Mapping[str, Any]) -> Path:
    return _write_dated(folder, content, _FAILED)


def _write_dated(folder: Path, content: Mapping[str, Any], statut: str) -> Path:
    moment = datetime.fromisoformat(str(content["debut"])).strftime("%Y%m%dT%H%M%S")
    path = folder / f"{statut}-{moment}-{content['execution']}.json"
    _write(path, content)
    return path


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_json(path, content)
    write_text(path.with_suffix(".md"), to_markdown(content))


def _read(path: Path) -> dict[str, Any] | None:
    """The account in a file; None for what a dead run left half written, or another version wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(content, dict) and {"statut", "execution", "debut"} <= content.keys()
    return content if known else None


def _prune(folder: Path) -> None:
    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in paths[KEPT:]:
        path.unlink()
        path.with_suffix(".md").unlink(missing_ok=True)


def _published(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Read the account of the run that made an open warehouse: files, refusals, checks, figures."""
    (run,) = _dicts(con, "select * from meta.executions order by version desc limit 1")
    return {
        **{
            name: value.isoformat(timespec="seconds") + "+00:00" if isinstance(value, datetime) else value
            for name, value in run.items()
        },
        "sources": _dicts(
            con,
            "select source, produit, millesime, count(*) as fichiers, sum(lignes_lues)::bigint as lues, "
            "sum(lignes_gardees)::bigint as gardees, sum(lignes_fusionnees)::bigint as fusionnees, "
            "sum(lignes_quarantaine)::bigint as refusees, sum(lignes_doublons)::bigint as doublons "
            "from meta.verrou group by all order by all",
        ),
        "avertissements": _dicts(
            con,
            "select source, regle, message, sum(nombre)::bigint as nombre from meta.avertissements "
            "group by all order by all",
        ),
        "controles": _dicts(con, "select * from meta.controles order by all"),
        "variations": _dicts(con, "select * from meta.variations order by rang"),
    }


def _dicts(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = con.execute(query)
    names = [str(column[0]) for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def to_markdown(content: Mapping[str, Any]) -> str:
    """Return the account of a run as a person reads it, in French."""
    if content["statut"] == _UNCHANGED:
        return _unchanged_text(content)
    if content["statut"] != _PUBLISHED:
        return _failure_text(content)
    lines = [
        f"# Entrepôt publié, version {content['version']}",
        "",
        f"- Exécution {content['execution']}, du {content['debut']} au {content['fin']} "
        f"({_number(content['duree_s'], 1)} s, {_number(content['memoire_max_mo'])} Mo au plus)",
        f"- {content['fichiers']} fichiers, {_number(content['lignes_lues'])} lignes lues = "
        f"{_number(content['lignes_gardees'])} gardées + {_number(content['lignes_fusionnees'])} fusionnées "
        f"+ {_number(content['lignes_doublons'])} en double "
        f"+ {_number(content['lignes_quarantaine'])} refusées",
        f"- Empreinte du contenu : {content['empreinte']}",
        "",
        "## Sources",
        "",
        *_table(
            ("source", "produit", "millésime", "fichiers", "lues", "gardées", "refusées", "en double"),
            [
                (
                    *(s["source"], s["produit"], s["millesime"]),
                    *(_number(s[n]) for n in ("fichiers", "lues", "gardees", "refusees", "doublons")),
                )
                for s in content["sources"]
            ],
        ),
        "",
        "## Figures qui ont le plus bougé",
        "",
        *_figures(content),
        "",
        "## Contrôles non bloquants en défaut",
        "",
        *(
            _table(
                ("contrôle", "table", "colonne", "lignes"),
                [tuple(c.values()) for c in content["controles"]],
            )
            or ["Aucun."]
        ),
        "",
        "## Avertissements de la lecture",
        "",
        *(
            f"- {a['source'] or ''} : {a['message']}" + (f" ({_number(a['nombre'])})" if a["nombre"] else "")
            for a in content["avertissements"]
        ),
        "",
        *_steps(content),
    ]
    return "\n".join(lines) + "\n"


def _unchanged_text(content: Mapping[str, Any]) -> str:
    lines = [
        f"# Rien n'a changé : la version {content['version']} reste en place",
        "",
        f"- Exécution {content['execution']}, du {content['debut']} au {content['fin']}",
        "- Fichiers, conventions, paramètres, règles et programme : ceux de cette version.",
        "",
        *_steps(content),
    ]
    return "\n".join(lines) + "\n"


def _failure_text(content: Mapping[str, Any]) -> str:
    words = {_FAILED: "a échoué", "interrompue": "a été interrompue", _RUNNING: "est en cours"}
    lines = [
        f"# Exécution {content['execution']} : {words.get(str(content['statut']), str(content['statut']))}",
        "",
        f"- Commencée le {content['debut']}, étape : {content.get('etape', '')}",
        "- L'entrepôt publié n'a pas changé.",
    ]
    if content.get("raison"):
        lines += ["", str(content["raison"])]
    if content.get("etapes"):
        lines += ["", *_steps(content)]
    return "\n".join(lines) + "\n"


def _figures(content: Mapping[str, Any]) -> list[str]:
    if content.get("version_precedente") is None:
        return ["Première version, ou version précédente sans figures comparables."]
    counts = (
        f"Depuis la version {content['version_precedente']} : {_number(content['figures_changees'])} figures "
        f"changées, {_number(content['figures_apparues'])} nouvelles, "
        f"{_number(content['figures_disparues'])} disparues."
    )
    if not content["variations"]:
        return [counts]
    rows = [
        (
            *(v[name] for name in ("epci_siren", "periode", "indicateur", "segment", "unite")),
            *(_number(v["avant"], 2), _number(v["apres"], 2), v["cause"]),
        )
        for v in content["variations"]
    ]
    columns = ("EPCI", "période", "indicateur", "segment", "unité", "avant", "après", "cause")
    return [counts, "", *_table(columns, rows)]


def _steps(content: Mapping[str, Any]) -> list[str]:
    """The longest steps: those of a build, then the tables that took longest."""
    etapes = sorted(content["etapes"], key=lambda etape: -float(etape["duree_s"]))[:_STEPS_SHOWN]
    rows = [
        (
            e["nom"],
            _number(e["duree_s"], 2),
            _memory(e["memoire_max_mo"]),
        )
        for e in etapes
    ]
    return ["## Étapes les plus longues", "", *_table(("étape", "secondes", "mémoire (Mo)"), rows)]


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    if not rows:
        return []
    cells = [["" if cell is None else str(cell).replace("|", "/") for cell in row] for row in rows]
    return [
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(row)} |" for row in cells),
    ]


def _number(value: Any, decimals: int = 0) -> str:
    return f"{float(value or 0):,.{decimals}f}".replace(",", "\u202f").replace(".", ",")


def _memory(value: int | None) -> str:
    return "" if value is None else _number(value)
