"""What a person should be told about the warehouse: which alerts there are on a day, and how they are sent.

Reading the state of a published warehouse, deciding and sending belong here, each in its module. Alerts carry
names, dates and figures of the marts, which are masked; never the content of a row. When they are looked at
belongs in `pipelines.schedules`.
"""

from pipelines.alertes.envoi import Courriel, Reglages, read_settings, send
from pipelines.alertes.etat import Echec, Etat, read_state
from pipelines.alertes.memoire import new_alerts, remember
from pipelines.alertes.regles import (
    GRAVITES,
    Alerte,
    alert_of_failure,
    decide,
    freshness,
    freshness_to_markdown,
    to_markdown,
)

__all__ = [
    "GRAVITES",
    "Alerte",
    "Courriel",
    "Echec",
    "Etat",
    "Reglages",
    "alert_of_failure",
    "decide",
    "freshness",
    "freshness_to_markdown",
    "new_alerts",
    "read_settings",
    "read_state",
    "remember",
    "send",
    "to_markdown",
]
