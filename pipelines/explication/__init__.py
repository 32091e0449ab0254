"""One figure explained: rule in French, parameters, counts with their rows, and the files and lines behind.

It reads a published warehouse and computes no rule: what a row counts for was decided by the models (schema
`intermediate`) and is only shown here. Rendering for a terminal is in `texte`.
"""

from pipelines.explication.figure import Explication, Figure, Ligne, explain
from pipelines.explication.texte import to_text

__all__ = ["Explication", "Figure", "Ligne", "explain", "to_text"]
