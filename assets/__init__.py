"""Dagster assets: one thin module per source, then what is made from them (entrepot, publication, bilans).

An asset names what it makes, what it depends on and what the Dagster page shows; `pipelines` does the work.
"""
