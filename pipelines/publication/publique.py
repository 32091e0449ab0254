"""The public tables of a warehouse about to be published, and the memory of what earlier versions showed.

What is masked is decided in `pipelines.diffusion`; where its inputs lie and when they are written belong
here.
The memory is kept beside the data, an input like them, and in the working folder, for who puts a version back
without the data or reads them from a folder where nothing can be written.
"""

from pathlib import Path

import duckdb

from pipelines.diffusion import SCHEMA, Resume, build_public, exact_figures, load_plan, write_memory
from pipelines.errors import DonneesRefusees
from pipelines.lecture_seule import open_read_only
from pipelines.paths import PUBLIC_MEMORY, WorkingFolder
from pipelines.publication.chantier import Chantier
from pipelines.publication.empreintes import content_hashes, overall_hash
from pipelines.publication.lecture import read_parameters
from pipelines.publication.reprise import TABLE as TABLE_REPRISE
from pipelines.publication.reprise import full_hashes
from pipelines.sql import identifier

# The name under which a warehouse keeps what its territories add to the plan (`sources.parametres`).
PARAMETRE_PLAN = "plan_public"


def make_public(con: duckdb.DuckDBPyConnection, donnees: Path | None, dossier: WorkingFolder) -> Resume:
    """Write the schema `diffusion` of a base under construction.

    Args:
        con: the base, every table of the project in it.
        donnees: landing folder, which keeps the memory; None when it is not known.
        dossier: working folder of the warehouse that will be replaced.

    Raises:
        MauvaisUsage: what the territories add to the plan cannot be published.
        DonneesRefusees: the memory cannot be read, or that of a published warehouse is gone.

    """
    plan = load_plan(next(iter(read_parameters(con).get(PARAMETRE_PLAN, [])), None))
    kept = [*([] if donnees is None else [donnees / PUBLIC_MEMORY]), dossier.memoire]
    if not any(path.exists() for path in kept) and _has_public(dossier.entrepot):
        raise DonneesRefusees(
            f"« {dossier.entrepot} » a déjà une édition publique, mais sa mémoire n'est plus là "
            f"({' ni '.join(f'« {path} »' for path in kept)}) : sans elle, la nouvelle version montrerait ce "
            "que l'ancienne masquait. Reprendre ce fichier dans une sauvegarde ; si aucune édition publique "
            "n'a été remise, retirer l'entrepôt et reconstruire"
        )
    return build_public(con, exact_figures(con), plan, kept)


def _has_public(entrepot: Path) -> bool:
    """Whether a warehouse is published there with public tables; an unreadable one says nothing."""
    if not entrepot.is_file():
        return False
    try:
        with open_read_only(entrepot) as con:
            found = con.execute("from duckdb_tables() where schema_name = ? limit 1", [SCHEMA]).fetchall()
    except duckdb.Error:
        return False
    return bool(found)


def keep_memory(resume: Resume, donnees: Path | None, dossier: WorkingFolder) -> list[str]:
    """Write what the public tables show and hide, before they are published; return what to tell."""
    write_memory(dossier.memoire, resume.memoire)
    if donnees is None:
        return []
    try:
        write_memory(donnees / PUBLIC_MEMORY, resume.memoire)
    except OSError as error:
        return [
            f"La mémoire de l'édition publique n'a pas pu être écrite dans « {donnees / PUBLIC_MEMORY} » "
            f"({error.strerror}) ; elle est gardée dans « {dossier.memoire} »."
        ]
    return []


def protect_again(chantier: Chantier) -> None:
    """Make anew the public tables of a version about to be put back: they never show what a later one hid."""
    with duckdb.connect(str(chantier.base)) as con:
        if not con.execute("from duckdb_tables() where schema_name = 'diffusion' limit 1").fetchall():
            return
        resume = make_public(con, None, chantier.dossier)
        _hash_again(con)
        con.execute("force checkpoint")
    keep_memory(resume, None, chantier.dossier)


def _hash_again(con: duckdb.DuckDBPyConnection) -> None:
    """Record the fingerprints of tables that are no longer those of the run that wrote the account."""
    empreintes = content_hashes(con)
    con.executemany(
        "update meta.empreintes set lignes = ?, empreinte = ? where nom_schema = ? and nom_table = ?",
        [(e.lignes, e.empreinte, e.schema, e.table) for e in empreintes],
    )
    con.executemany(
        f"update meta.{identifier(TABLE_REPRISE)} set contenu = ? where nom_schema || '.' || nom_table = ?",
        [(content, name) for name, content in full_hashes(con).items()],
    )
    con.execute(
        "update meta.executions set empreinte = ? where version = (select max(version) from meta.executions)",
        [overall_hash(empreintes)],
    )
