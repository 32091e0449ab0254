"""The page itself, as marimo runs it: choices, drawings, table, exports, a cell of SQL.

Everything it shows comes from `requetes`, `dessins` and `tableaux`; what is chosen is in the address, which
reopens the same view.
"""

import marimo

app = marimo.App(width="medium", app_title="Observatoire : explorer les chiffres", html_head_file="tete.html")


@app.cell
def _():
    import marimo as mo

    from pipelines.errors import ObservatoireError
    from pipelines.explorateur import dessins, requetes, tableaux

    try:
        con, marque, edition = requetes.open_asked()
    except ObservatoireError as _error:
        mo.stop(True, mo.callout(mo.plain_text(str(_error)), kind="danger"))
    adresse = mo.query_params()
    return ObservatoireError, adresse, con, dessins, edition, marque, mo, requetes, tableaux


@app.cell
def _(adresse, mo, tableaux):
    def choisir(nom, libelle, options, defaut=None):
        """A list of choices whose value is kept in the address."""
        etiquettes = {valeur: etiquette for etiquette, valeur in options.items()}
        demande = adresse.get(nom)
        valeur = etiquettes.get(demande) or etiquettes.get(defaut) or next(iter(options), None)
        return mo.ui.dropdown(
            options,
            value=valeur,
            label=libelle,
            searchable=len(options) > 10,
            allow_select_none=False,
            on_change=lambda v: adresse.set(nom, v),
        )

    def montrer(lignes, titre):
        """A table that is read on the screen or aloud."""
        return mo.Html(tableaux.to_html(lignes, titre))

    return choisir, montrer


@app.cell
def _(choisir, con, requetes):
    territoire = choisir("epci", "Territoire", requetes.territories(con))
    return (territoire,)


@app.cell
def _(choisir, con, requetes, territoire):
    indicateur = choisir("indicateur", "Indicateur", requetes.indicators(con, territoire.value or ""))
    return (indicateur,)


@app.cell
def _(choisir, con, indicateur, requetes, territoire):
    _axes = requetes.axes(con, territoire.value or "", indicateur.value or "")
    axe = choisir("axe", "Par", _axes, "epci")
    return (axe,)


@app.cell
def _(axe, choisir, con, indicateur, requetes, territoire):
    _segments = requetes.segment_types(con, territoire.value or "", indicateur.value or "", axe.value or "")
    segment = choisir("segment", "Découpage", _segments, requetes.WHOLE)
    _periodes = requetes.period_types(con, territoire.value or "", indicateur.value or "", axe.value or "")
    periode_type = choisir("periodes", "Périodes", _periodes, "annee")
    return periode_type, segment


@app.cell
def _(axe, con, indicateur, periode_type, requetes, segment, territoire):
    choix = requetes.Choix(
        territoire.value or "",
        indicateur.value or "",
        axe.value or "",
        segment.value or "",
        periode_type.value or "",
    )
    figures = requetes.figures(con, choix)
    sens = requetes.definition(con, choix.indicateur)
    return choix, figures, sens


@app.cell
def _(adresse, figures, mo):
    _periodes = figures["periode"].unique().sort(descending=True).to_list()
    _demandee = adresse.get("periode")
    periode = mo.ui.dropdown(
        _periodes,
        value=_demandee if _demandee in _periodes else next(iter(_periodes), None),
        label="Classement de la période",
        on_change=lambda v: adresse.set("periode", v or ""),
    )
    return (periode,)


@app.cell
def _(axe, edition, indicateur, marque, mo, periode, periode_type, requetes, segment, territoire):
    mo.vstack(
        [
            mo.md("# Explorer les chiffres"),
            mo.callout(
                mo.md(
                    f"{requetes.mention(edition)}. Entrepôt version {marque.version}, "
                    f"empreinte {marque.empreinte[:12]}."
                ),
                kind="warn" if edition == "signataires" else "info",
            ),
            mo.hstack([territoire, indicateur], justify="start", wrap=True),
            mo.hstack([axe, segment, periode_type, periode], justify="start", wrap=True),
        ]
    )


@app.cell
def _(choix, con, dessins, figures, mo, periode, requetes, sens):
    titre = sens.get("libelle", choix.indicateur)
    _unite = sens.get("unite", "")
    courbe = dessins.trend(figures, titre, _unite)
    rangs = dessins.ranking(figures, periode.value or "", titre, _unite)
    _contours = requetes.contours(con, choix.epci, choix.axe)
    plan = dessins.carte(figures, _contours, periode.value or "", titre, _unite)
    dessin = {"Évolution": courbe, "Classement": rangs, "Carte": plan}
    dessin = {nom: image for nom, image in dessin.items() if image is not None}
    mo.ui.tabs({nom: mo.as_html(image) for nom, image in dessin.items()}) if dessin else mo.md(
        "Une seule figure : il n'y a rien à dessiner."
    )
    return dessin, titre


@app.cell
def _(figures, montrer, tableaux, mo, titre):
    lisible = tableaux.readable(figures)
    mo.vstack(
        [
            mo.md("## Les figures"),
            montrer(lisible, titre) if lisible.height else mo.md("Aucune figure pour ce choix."),
        ]
    )
    return (lisible,)


@app.cell
def _(dessin, dessins, lisible, mo, requetes, sens, tableaux, titre, choix, edition):
    _nom = f"{choix.indicateur}-{choix.axe.replace(' ', '')}-{choix.epci}"
    _lignes = [requetes.mention(edition), sens.get("definition", ""), f"Source : {sens.get('source', '')}"]
    mo.hstack(
        [
            mo.download(lambda: tableaux.to_csv(lisible), filename=f"{_nom}.csv", label="CSV"),
            # What is asked for later keeps its own hold of the names of this cell, which end with it.
            mo.download(
                lambda dites=_lignes: tableaux.to_xlsx(lisible, titre, dites),
                filename=f"{_nom}.xlsx",
                label="Classeur",
            ),
            *(
                mo.download(
                    lambda d=image: dessins.png(d), filename=f"{_nom}-{nom}.png", label=f"{nom} (PNG)"
                )
                for nom, image in dessin.items()
            ),
        ],
        justify="start",
        wrap=True,
    )


@app.cell
def _(choix, con, mo, requetes, sens, tableaux):
    _officiels = requetes.official(con, choix)
    _dits = [mo.md("## Ce que c'est"), mo.md(requetes.explained(sens))]
    if _officiels.height:
        _dits += [
            mo.md("### Ce que les producteurs publient"),
            mo.Html(tableaux.to_html(_officiels, "Chiffres officiels et figures de l'entrepôt")),
        ]
    mo.vstack(_dits)


@app.cell
def _(adresse, mo):
    requete = mo.ui.text_area(
        value=adresse.get("sql")
        or "select periode, valeur, numerateur, denominateur\nfrom marts.indicateurs\n"
        "where indicateur = 'hors_qpv_q1' and axe = 'epci' and segment = 'tous' and periode_type = 'annee'\n"
        "order by epci_siren, periode",
        label="Requête SQL (lecture seule)",
        rows=6,
        # It is in the address, which a server reads up to 64 kB: an accent is six characters there.
        max_length=10_000,
        full_width=True,
        on_change=lambda v: adresse.set("sql", v),
    )
    lancer = mo.ui.run_button(label="Lancer la requête")
    mo.vstack([mo.md("## Une question de plus"), requete, lancer])
    return lancer, requete


@app.cell
def _(ObservatoireError, con, lancer, mo, montrer, requete, requetes):
    mo.stop(not lancer.value)
    try:
        _rendu = montrer(requetes.run_sql(con, requete.value), "Réponse")
    except ObservatoireError as _error:
        _rendu = mo.callout(mo.plain_text(str(_error)), kind="danger")
    _rendu


if __name__ == "__main__":
    app.run()
