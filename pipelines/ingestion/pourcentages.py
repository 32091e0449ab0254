"""Percentages that were printed as shares of one: how a column shows it (`fractions` in landing.yml)."""

from dataclasses import dataclass

import duckdb

from pipelines.ingestion.landing import settings


@dataclass(frozen=True)
class Fractions:
    """The positive values of a column of percentages (`sur`) that look like shares of one (`nombre`)."""

    nombre: int
    sur: int
    plus_grande: float

    @property
    def borne(self) -> str:
        """The value under which one does, as it is printed."""
        return f"{settings()['fractions']['maximum']:g}".replace(".", ",")

    @property
    def partout(self) -> bool:
        """Whether the whole column is in shares of one."""
        return 2 * self.nombre > self.sur and bool(self.plus_grande < settings()["fractions"]["certain"])

    @property
    def a_signaler(self) -> bool:
        """Whether there are too many to be percentages."""
        return self.nombre > 0 and bool(self.nombre >= settings()["fractions"]["part_signalee"] * self.sur)


def count_fractions(con: duckdb.DuckDBPyConnection, valeur: str, relation: str) -> Fractions:
    """Count what looks like shares of one in a column of percentages.

    Args:
        con: any connection that has the relation.
        valeur: SQL of the number.
        relation: SQL of where it is.
    """
    maximum = settings()["fractions"]["maximum"]
    nombre, sur, plus_grande = con.execute(
        f"SELECT count(*) FILTER ({valeur} > 0 AND {valeur} <= {maximum}), count(*) FILTER ({valeur} > 0), "
        f"coalesce(max({valeur}), 0) FROM {relation}"
    ).fetchall()[0]
    return Fractions(int(nombre), int(sur), float(plus_grande))
