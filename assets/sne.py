"""Requests and allocations, as read from the landing folder."""

from assets.lecture import source_asset

sne = source_asset("sne", "Système national d'enregistrement : demandes, attributions et agrégats publiés.")
