-- The fragility of each place by each method of its convention: sums and classes of the stock and of recent movers, general
-- class, dwellings, the vintages used, why it is not classed when it is not, and what moved since the year before. One row
-- per EPCI, year, method and place (axis and modality). Points and classes are those of marts.indicateurs.
with figures as (

    select
        epci_siren,
        cast(periode as integer) as annee,
        segment as methode,
        axe,
        modalite,
        min(modalite_libelle) as modalite_libelle,
        {%- for i in ['points_stock', 'points_flux'] %}
        max(case when indicateur = 'fragilite_{{ i }}' then valeur end) as {{ i }},
        {%- endfor %}
        {%- for i in ['classe_stock', 'classe_flux', 'classe'] %}
        cast({{ arrondi("max(case when indicateur = 'fragilite_" ~ i ~ "' then valeur end)") }} as integer) as {{ i }},
        {%- endfor %}
        {%- for i in ['points_stock', 'points_flux', 'classe_stock', 'classe_flux', 'classe'] %}
        max(case when indicateur = 'fragilite_{{ i }}' then statut end) as statut_{{ i }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('indicateurs') }}
    where segment_type = 'methode' and indicateur like 'fragilite%' and axe <> 'epci'
    group by epci_siren, periode, segment, axe, modalite

),

mouvements as (

    select
        epci_siren,
        annee,
        methode,
        axe,
        modalite,
        {{ liste_de_textes(
            "mouvement", ' ; ', 'bloc desc nulls last, abs(ecart_points) desc nulls last, critere nulls last'
        ) }} as mouvements
    from (
        select
            *,
            critere_libelle || case when bloc = 'flux' then ' (emménagés récents)' else '' end || ' : '
            || replace({{ reel_en_texte('points_precedents') }}, '.', ',') || ' → '
            || replace({{ reel_en_texte('points') }}, '.', ',') as mouvement
        from {{ ref('fragilite_criteres') }}
    ) as criteres
    where ecart_points <> 0
    group by epci_siren, annee, methode, axe, modalite

),

libelles as (

    select distinct
        methode,
        classe,
        libelle
    from {{ source('conventions', 'methodes_fragilite_classes') }}
    union
    select distinct
        methode,
        classe,
        libelle
    from {{ source('conventions', 'methodes_fragilite_matrice') }}

),

dates as (

    select
        figures.*,
        lag(figures.annee) over derniere as annee_precedente,
        lag(figures.points_stock) over derniere as points_stock_precedents,
        lag(figures.points_flux) over derniere as points_flux_precedents,
        lag(figures.classe_stock) over derniere as classe_stock_precedente,
        lag(figures.classe_flux) over derniere as classe_flux_precedente,
        lag(figures.classe) over derniere as classe_precedente
    from figures
    window derniere as (
        partition by figures.epci_siren, figures.methode, figures.axe, figures.modalite order by figures.annee nulls last
    )

)

select
    dates.epci_siren,
    dates.annee,
    dates.methode,
    entetes.libelle as methode_libelle,
    entetes.version as version_methode,
    dates.axe,
    dates.modalite,
    dates.modalite_libelle,
    lieux.type_lieu,
    lieux.nb_logements,
    dates.points_stock,
    dates.classe_stock,
    classes_stock.libelle as classe_stock_libelle,
    dates.points_flux,
    dates.classe_flux,
    classes_flux.libelle as classe_flux_libelle,
    dates.classe,
    classes_generales.libelle as classe_libelle,
    dates.statut_points_stock,
    dates.statut_classe_stock,
    dates.statut_points_flux,
    dates.statut_classe_flux,
    dates.statut_classe,
    case coalesce(classes.motif_stock, classes.motif_flux)
        when 'absent' then 'Non classé : une source manque pour ce lieu'
        when 'secret' then 'Non classé : un effectif de l''enquête est couvert par le secret'
        when 'vide' then 'Non classé : aucun ménage ou aucun logement à compter'
        when 'petit'
            then
                'Non classé : base inférieure à '
                || cast(entetes.base_minimale as {{ dbt.type_string() }})
                || ' ménages ou logements'
    end as motif,
    millesimes.millesime_ops,
    millesimes.millesime_rpls,
    millesimes.annee_sne,
    dates.annee_precedente,
    dates.points_stock - dates.points_stock_precedents as ecart_points_stock,
    dates.points_flux - dates.points_flux_precedents as ecart_points_flux,
    dates.classe_stock_precedente,
    dates.classe_flux_precedente,
    dates.classe_precedente,
    mouvements.mouvements
from dates
inner join {{ source('conventions', 'methodes_fragilite_entetes') }} as entetes on dates.methode = entetes.methode
inner join {{ ref('int_fragilite_millesimes') }} as millesimes
    on
        dates.epci_siren = millesimes.epci_siren
        and dates.annee = millesimes.annee
        and dates.methode = millesimes.methode
left join {{ ref('int_fragilite_lieux') }} as lieux
    on
        dates.epci_siren = lieux.epci_siren
        and dates.annee = lieux.annee
        and dates.methode = lieux.methode
        and dates.axe = lieux.axe
        and dates.modalite = lieux.modalite
left join {{ ref('int_fragilite_classes') }} as classes
    on
        dates.epci_siren = classes.epci_siren
        and dates.annee = classes.annee
        and dates.methode = classes.methode
        and dates.axe = classes.axe
        and dates.modalite = classes.modalite
left join mouvements
    on
        dates.epci_siren = mouvements.epci_siren
        and dates.annee = mouvements.annee
        and dates.methode = mouvements.methode
        and dates.axe = mouvements.axe
        and dates.modalite = mouvements.modalite
{%- for c in ['stock', 'flux'] %}
left join libelles as classes_{{ c }}
    on dates.methode = classes_{{ c }}.methode and dates.classe_{{ c }} = classes_{{ c }}.classe
{%- endfor %}
left join libelles as classes_generales
    on dates.methode = classes_generales.methode and dates.classe = classes_generales.classe
