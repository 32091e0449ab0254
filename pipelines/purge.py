"""Removing persons, a vintage or the traces of an old key, and proving that nothing of them is left.

What is removed is everything that was made from the files: the store, the published warehouse and the files
of its editions (built again without them), the kept versions and those of the lakes that hold them. The
deposited files are the user's: what they still hold is said, line by line, and the readers set it aside until
it is gone. Numbers of persons live in memory only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from pipelines import ingestion, publication
from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.fichiers import write_json
from pipelines.lac import drop_lake_versions, lake_versions_that_hold, write_lake
from pipelines.paths import PUBLIC_MEMORY, WorkingFolder


@dataclass(frozen=True)
class Demande:
    """What must go: persons, or a vintage of a source, or what another key made.

    Attributes:
        numeros: the numbers of the persons; never shown, written nor logged.
        source, millesime: the vintage.
        cle: the key of today's pseudonyms; what another one made goes when neither of the others is given.

    """

    cle: bytes = field(repr=False)
    numeros: tuple[str, ...] = field(default=(), repr=False)
    source: str | None = None
    millesime: int | None = None

    @property
    def personnes(self) -> list[str]:
        """The pseudonyms of the persons, with today's key."""
        return [ingestion.pseudonym(self.cle, numero) for numero in self.numeros]

    @property
    def pseudonymes(self) -> list[str]:
        """These, and those that earlier readers made of other forms of the same numbers: what is searched."""
        former = [p for numero in self.numeros for p in ingestion.former_pseudonyms(self.cle, numero)]
        return list(dict.fromkeys([*self.personnes, *former]))

    @property
    def empreinte_cle(self) -> str:
        """Fingerprint of today's key."""
        return ingestion.key_fingerprint(self.cle)

    @property
    def vintage(self) -> tuple[list[str], int] | None:
        """The products of the source, and the vintage."""
        if self.source is None or self.millesime is None:
            return None
        return [p.produit for p in ingestion.products_of(self.source)], self.millesime

    @property
    def sources(self) -> set[str]:
        """Sources whose entries leave the store."""
        return ingestion.personal_sources() if self.source is None else {self.source}


@dataclass(frozen=True)
class Constat:
    """Where what must go still is."""

    entrepot: dict[str, int]
    magasin: int
    versions: list[Path]
    depot: dict[str, list[int]]
    traces: list[str] = field(default_factory=list)
    editions: list[Path] = field(default_factory=list)
    lacs: list[Path] = field(default_factory=list)

    @property
    def propre(self) -> bool:
        """Whether nothing made from the files holds it any more; the files themselves are the user's."""
        found = (self.entrepot, self.magasin, self.versions, self.traces, self.editions, self.lacs)
        return not any(found)


def read_numbers(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the numbers of a list, one per line, in the one form that the readers give them.

    Raises:
        MauvaisUsage: there is none, or a line cannot be a request number; it is not quoted.

    """
    typed = {rank: line for rank, line in enumerate(lines, 1) if line.strip()}
    if not typed:
        raise MauvaisUsage("--personnes : aucun numéro dans la liste (un par ligne).")
    numbers = []
    for rank, line in typed.items():
        number = ingestion.read_identifier("personne", line)
        if number is None:
            raise MauvaisUsage(
                f"--personnes, ligne {rank} : ce n'est pas un numéro unique de demande (18 caractères, ou 17 "
                "quand le premier zéro est perdu). Un nombre arrondi par un tableur (7,1E+16) ne désigne "
                "personne."
            )
        numbers.append(number)
    return tuple(dict.fromkeys(numbers))


def examine(
    dossier: WorkingFolder,
    donnees: Path,
    demande: Demande,
    *,
    rangs: Sequence[int] = (),
    traces: Sequence[Path] = (),
    executions: Iterable[tuple[str, bytes]] = (),
    lacs: Sequence[Path] = (),
) -> Constat:
    """Look for what must go in the warehouse, its editions, the store, the kept versions, the lakes and the
    deposited files.

    Args:
        dossier: working folder of the warehouse.
        donnees: landing folder.
        demande: what must go.
        rangs: ranks of the exclusions that were recorded for it, whose lines the quarantine names.
        traces: folders where runs leave something else (Dagster's storage, reports, what runs printed).
        executions: what the orchestrator keeps, wherever its storage is: a name and a text each.
        lacs: lakes of Parquet written from the warehouse.

    Raises:
        ObservatoireError: the warehouse was made with another key, which cannot be searched with this one.

    """
    messages = [ingestion.message(rang) for rang in rangs]
    with publication.open_warehouse(dossier.entrepot, toute_version=True) as con:
        if demande.numeros:
            _require_key(con, demande, dossier)
            held = publication.rows_of_persons(con, demande.pseudonymes)
        elif demande.vintage is not None:
            held = publication.rows_of_vintage(con, *demande.vintage)
        else:
            same = publication.key_of(con) == demande.empreinte_cle
            held = {} if same else publication.rows_with_persons(con, ingestion.personal_columns())
        depot = publication.set_aside_lines(con, messages)
        read = publication.lines_read(con, demande.pseudonymes, demande.vintage)
    for fichier, known in read.items():
        depot[fichier] = sorted({*depot.get(fichier, []), *known})
    for place in ingestion.find_in_landing(donnees, demande.numeros) if demande.numeros else []:
        lines = depot.setdefault(place.fichier, [])
        if place.ligne is not None and place.ligne not in lines:
            lines.append(place.ligne)
    if demande.numeros:
        stored = ingestion.count_in_store(dossier.magasin, demande.pseudonymes)
    elif demande.source is not None and demande.millesime is not None:
        stored = ingestion.count_vintage_in_store(dossier.magasin, demande.source, demande.millesime)
    else:
        stored = 0
    versions = publication.versions_that_hold(
        dossier,
        empreinte_cle=demande.empreinte_cle,
        pseudonymes=demande.pseudonymes,
        vintage=demande.vintage,
    )
    left: list[str] = []
    if demande.numeros:
        texts = [*demande.numeros, *demande.pseudonymes]
        # The memory of the public edition has counts alone: proved too, like what is left of runs.
        memories = [dossier.memoire, donnees / PUBLIC_MEMORY]
        folders = [*traces, dossier.executions, dossier.purges, *memories]
        formes = ingestion.Formes(texts)
        left += [str(path) for path in ingestion.find_in_traces(folders, texts)]
        left += [name for name, text in executions if formes.search(text)]
    return Constat(
        held,
        stored,
        versions,
        {name: sorted(lines) for name, lines in sorted(depot.items())},
        left,
        publication.editions_that_hold(dossier, pseudonymes=demande.pseudonymes, vintage=demande.vintage),
        [path for lac in lacs for path in _held_by(lac, demande)],
    )


def _held_by(lac: Path, demande: Demande) -> list[Path]:
    return lake_versions_that_hold(
        lac,
        empreinte_cle=demande.empreinte_cle,
        pseudonymes=demande.pseudonymes,
        vintage=demande.vintage,
    )


def renew_lakes(dossier: WorkingFolder, demande: Demande, lacs: Sequence[Path]) -> None:
    """Write the lakes again from the warehouse built without it, and remove their versions that hold it."""
    for lac in lacs:
        write_lake(dossier.entrepot, lac)
        drop_lake_versions(lac, _held_by(lac, demande))


def _require_key(con: duckdb.DuckDBPyConnection, demande: Demande, dossier: WorkingFolder) -> None:
    """A pseudonym of another key would be found nowhere, and prove nothing."""
    if publication.key_of(con) != demande.empreinte_cle:
        raise ObservatoireError(
            f"« {dossier.entrepot} » a été construit avec une autre clé de pseudonymisation : le numéro n'y "
            "serait pas reconnu. Remettez la clé d'alors, ou reconstruisez d'abord l'entrepôt avec celle-ci "
            "(observatoire purger --cle)."
        )


def exclude(donnees: Path, demande: Demande, jour: date, motif: str) -> list[int]:
    """Tell the readers, in the landing folder, what must no longer be read; return the ranks."""
    if demande.source is not None:
        entries = [
            ingestion.Exclusion(source=demande.source, millesime=demande.millesime, le=jour, motif=motif)
        ]
    else:
        entries = [
            ingestion.Exclusion(personne=pseudonyme, cle=demande.empreinte_cle, le=jour, motif=motif)
            for pseudonyme in demande.personnes
        ]
    return ingestion.record_exclusions(donnees, entries) if entries else []


def empty_store(dossier: WorkingFolder, demande: Demande) -> int:
    """Take the sources concerned out of the store, while no build is under way; return how many entries."""
    with publication.open_chantier(dossier, "purge"):
        for path in dossier.executions.glob("echec-*"):
            # The reason of a refusal may quote a cell.
            path.unlink()
        return ingestion.purge_store(dossier.magasin, demande.sources)


def drop_versions(dossier: WorkingFolder, demande: Demande) -> list[int]:
    """Remove the kept versions that hold what must go; return their numbers."""
    with publication.open_chantier(dossier, "purge") as chantier:
        held = publication.versions_that_hold(
            dossier,
            empreinte_cle=demande.empreinte_cle,
            pseudonymes=demande.pseudonymes,
            vintage=demande.vintage,
        )
        publication.drop_versions(chantier, held)
    return [int(path.stem) for path in held]


def write_register(
    dossier: WorkingFolder,
    demande: Demande,
    *,
    motif: str,
    before: Constat,
    after: Constat,
    dropped: Sequence[int],
) -> Path:
    """Write what was removed, when and how much; never who. Return the path of the account."""
    now = datetime.now(UTC)
    dossier.purges.mkdir(exist_ok=True)
    path = dossier.purges / f"{now:%Y%m%dT%H%M%S}.json"
    write_json(
        path,
        {
            "le": now.isoformat(timespec="seconds"),
            "motif": motif,
            "personnes": len(demande.numeros),
            "source": demande.source,
            "millesime": demande.millesime,
            "lignes_retirees": before.entrepot,
            "entrees_du_magasin": before.magasin,
            "versions_retirees": list(dropped),
            "versions_de_lacs_retirees": len(before.lacs) - len(after.lacs),
            "prouve": after.propre,
            "reste_dans_les_traces": after.traces,
            "reste_dans_le_depot": after.depot,
        },
    )
    return path
