"""Small cells: which published counts are masked, and which others with them so that nothing gives them back.

One mechanism for `marts.indicateurs` (`decide`), for the wide marts (`masquer`) and for what reports draw
from them. It decides from unmasked counts and writes decisions; it changes no figure and knows no indicator:
what links the figures is data (`relations.yml`). The policy and what it does not cover are in docs/secret.md.
"""

from pipelines.secret.decision import DECISION_COLUMNS, decide, decide_frame
from pipelines.secret.large import masquer, masquer_frame
from pipelines.secret.relations import Relations, load_relations

__all__ = [
    "DECISION_COLUMNS",
    "Relations",
    "decide",
    "decide_frame",
    "load_relations",
    "masquer",
    "masquer_frame",
]
