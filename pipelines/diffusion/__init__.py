"""The public edition: the tables of a short plan, protected together; see docs/diffusion.md.

`build_public` is the only entry: it reads exact figures and writes the schema `diffusion`. It knows neither
dbt nor the command.
"""
