"""The small-cell decisions: which counts of which figure are masked, and why.

The mechanism is `pipelines.secret` (policy in docs/secret.md); this model only hands it the figures.
"""

from pipelines.secret import decide, load_relations


def model(dbt, session):
    """One row per figure of `entrepot.indicateurs`, with what is masked of it."""
    dbt.config(materialized="table")
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
