"""How a built warehouse becomes the published one, and how it is put back, proved and compared.

The lock of a build, the content hashes, the atomic replacement, the kept versions, `verify` and `diff` belong
here. Nothing here knows Dagster or dbt, and nothing here computes a figure.
"""

from pipelines.publication.chantier import Chantier, open_chantier
from pipelines.publication.comparaison import Changement, compare, explain
from pipelines.publication.disque import disk_errors_explained, explain_disk_error, explain_disk_text
from pipelines.publication.editions import write_edition
from pipelines.publication.empreintes import Empreinte, content_hashes, overall_hash
from pipelines.publication.entrepot import lock_content, prepare, publish, record_checks
from pipelines.publication.inchange import answers, leave_in_place, record_request
from pipelines.publication.lecture import (
    Execution,
    open_warehouse,
    published_execution,
    read_parameters,
    refuse_foreign,
)
from pipelines.publication.mesure import Etape, peak_memory
from pipelines.publication.preuve import EcartFichier, compare_hashes, compare_lock, file_hash
from pipelines.publication.programme import program_fingerprint
from pipelines.publication.publique import PARAMETRE_PLAN, keep_memory, make_public, protect_again
from pipelines.publication.remise import hand_over
from pipelines.publication.reprise import (
    Publie,
    changed_tables,
    full_hashes,
    is_unchanged,
    published,
    take_over,
)
from pipelines.publication.resume import (
    ExecutionEchouee,
    begin_summary,
    last_failure,
    to_markdown,
    write_failure,
    write_summary,
)
from pipelines.publication.retrait import (
    drop_versions,
    editions_that_hold,
    key_of,
    lines_read,
    rows_of_persons,
    rows_of_vintage,
    rows_with_persons,
    set_aside_lines,
    versions_that_hold,
)
from pipelines.publication.versions import Version, kept_versions, next_number, restore

__all__ = [
    "PARAMETRE_PLAN",
    "Changement",
    "Chantier",
    "EcartFichier",
    "Empreinte",
    "Etape",
    "Execution",
    "ExecutionEchouee",
    "Publie",
    "Version",
    "answers",
    "begin_summary",
    "changed_tables",
    "compare",
    "compare_hashes",
    "compare_lock",
    "content_hashes",
    "disk_errors_explained",
    "drop_versions",
    "editions_that_hold",
    "explain",
    "explain_disk_error",
    "explain_disk_text",
    "file_hash",
    "full_hashes",
    "hand_over",
    "is_unchanged",
    "keep_memory",
    "kept_versions",
    "key_of",
    "last_failure",
    "leave_in_place",
    "lines_read",
    "lock_content",
    "make_public",
    "next_number",
    "open_chantier",
    "open_warehouse",
    "overall_hash",
    "peak_memory",
    "prepare",
    "program_fingerprint",
    "protect_again",
    "publish",
    "published",
    "published_execution",
    "read_parameters",
    "record_checks",
    "record_request",
    "refuse_foreign",
    "restore",
    "rows_of_persons",
    "rows_of_vintage",
    "rows_with_persons",
    "set_aside_lines",
    "take_over",
    "to_markdown",
    "versions_that_hold",
    "write_edition",
    "write_failure",
    "write_summary",
]
