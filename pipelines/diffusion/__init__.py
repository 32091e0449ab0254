"""The public edition: the tables of a short plan, protected together; see docs/diffusion.md.

It reads exact figures and writes the schema `diffusion`. It knows neither dbt, nor the command, nor where a
warehouse keeps its files.
"""

from pipelines.diffusion.edition import SCHEMA, Resume, build_public, exact_figures
from pipelines.diffusion.memoire import read_memory, write_memory
from pipelines.diffusion.plan import Plan, load_plan

__all__ = [
    "SCHEMA",
    "Plan",
    "Resume",
    "build_public",
    "exact_figures",
    "load_plan",
    "read_memory",
    "write_memory",
]
