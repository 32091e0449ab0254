"""Requests and allocations, as read from the landing folder."""

from assets.conventions import conventions
from assets.lecture import source_asset
from assets.referentiels import referentiels

sne = source_asset(
    "sne",
    "Système national d'enregistrement : demandes, attributions et agrégats publiés.",
    deps=[conventions, referentiels],
)
