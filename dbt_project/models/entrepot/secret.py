"""The small-cell decisions: which counts of which figure are masked, and why.

The mechanism is `pipelines.secret` (policy in docs/secret.md); this model only hands it the figures. Beside another
engine, DuckDB makes this table (docs/moteurs.md).
"""

from pipelines.secret import decide, load_relations


def model(dbt, session):
    """One row per figure of `entrepot.indicateurs`, with what is masked of it."""
    dbt.config(materialized="table", tags=["hors_moteur"])
    figures = dbt.ref("int_secret_entree")
    imbrications = dbt.ref("int_imbrications")
    # With its catalogue: the default one of a session is not always that of the target.
    decisions = f"{dbt.this.database}.intermediate.secret_decisions"
    session.register("secret_figures", figures)
    session.register("secret_imbrications", imbrications)
    decide(
        session,
        "secret_figures",
        load_relations(),
        cible=decisions,
        imbrications="secret_imbrications",
    )
    return session.table(decisions)
