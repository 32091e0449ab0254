"""Communes, EPCI, priority neighbourhoods and local zonings, as read from the landing folder."""

from assets.lecture import source_asset

geographie = source_asset("geographie", "Communes, EPCI, passages, quartiers prioritaires et zonages locaux.")
