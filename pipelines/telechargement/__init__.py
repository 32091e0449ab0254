"""Downloading open products into the landing folder: `observatoire fetch`.

What may be downloaded is data (`produits/*.yml` and the user's own `telechargements.yml`); how it is fetched,
checked, recorded and put in place belongs here. Reading the files is `pipelines.ingestion`'s.
"""

from pipelines.telechargement.depot import Etat, Resultat, fetch, states
from pipelines.telechargement.registre import Produit, choose, load_registry
from pipelines.telechargement.transfert import Reglages

__all__ = ["Etat", "Produit", "Reglages", "Resultat", "choose", "fetch", "load_registry", "states"]
