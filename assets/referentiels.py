"""Thresholds, ceilings and landlords given in the landing folder, as read from the landing folder."""

from assets.lecture import source_asset

referentiels = source_asset(
    "referentiels",
    "Seuils du premier quartile, plafonds de ressources et bailleurs donnés dans le dossier de dépôt.",
)
