"""The register of social dwellings, as read from the landing folder."""

from assets.conventions import conventions
from assets.lecture import source_asset
from assets.referentiels import referentiels

rpls = source_asset(
    "rpls",
    "Répertoire du parc locatif social : un logement par ligne et par millésime, et les agrégats publiés.",
    deps=[conventions, referentiels],
)
