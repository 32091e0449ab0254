"""Who lives in the stock, as read from the landing folder."""

from assets.lecture import source_asset

ops = source_asset("ops", "Occupation du parc social : effectifs par bailleur, lieu et population.")
