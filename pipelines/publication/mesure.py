"""What a step of a run costs, and how it is measured."""

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Etape:
    """What one step of a run cost."""

    nom: str
    duree_s: float
    memoire_max_mo: int | None = None


def peak_memory() -> int:
    """Highest resident memory so far of this process and of its finished children, in MB."""
    usages = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in usages) // 1024
