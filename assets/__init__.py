"""Dagster assets: the four sources and what is made from them, one thin module each. No logic here."""
