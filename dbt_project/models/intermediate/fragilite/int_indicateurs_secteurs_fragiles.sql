-- Where the first quartile, the second and the priority publics were housed: the share of their leases that fell in the most
-- fragile places, by method and kind of place, in the common shape. `denominateur` is not shown: it carries the least
-- count that the share would tell (inside, outside, or all), which is what the small-cell rule needs.
with baux as (

    select
        mesures.epci_siren,
        mesures.annee,
        mesures.attribution_id,
        mesures.date_evenement,
        mesures.code_qpv,
        mesures.bailleur_siren,
        mesures.residence,
        mesures.quartile,
        attributions.est_prioritaire
    from {{ ref('int_attribution_mesures') }} as mesures
    inner join {{ ref('fct_attribution') }} as attributions
        on mesures.attribution_id = attributions.attribution_id
    {{ joindre_annees_demandees('mesures') }}
    where mesures.evenement = 'bail_signe'

),

publics as (

    select
        baux.*,
        'q1' as public
    from baux
    where quartile = 'Q1'
    union all
    select
        baux.*,
        'q2' as public
    from baux
    where quartile = 'Q2'
    union all
    select
        baux.*,
        'prioritaires' as public
    from baux
    where est_prioritaire

),

situes as (

    select
        attribution_id,
        epci_siren,
        annee,
        'qpv' as axe,
        code_qpv as modalite
    from baux
    where code_qpv is not null
    union
    select
        attribution_id,
        epci_siren,
        annee,
        'residence' as axe,
        residence as modalite
    from baux
    where residence is not null
    union
    select
        baux.attribution_id,
        baux.epci_siren,
        baux.annee,
        'zone' as axe,
        zones.zone as modalite
    from baux
    inner join {{ ref('int_attribution_zone') }} as zones
        on
            baux.attribution_id = zones.attribution_id
            and baux.date_evenement >= coalesce(zones.debut, baux.date_evenement)
            and baux.date_evenement <= coalesce(zones.fin, baux.date_evenement)

),

fragiles as (

    select distinct
        situes.attribution_id,
        classes.methode,
        classes.type_lieu
    from situes
    inner join {{ ref('int_fragilite_classes') }} as classes
        on
            situes.epci_siren = classes.epci_siren
            and situes.annee = classes.annee
            and situes.axe = classes.axe
            and situes.modalite = classes.modalite
            and classes.est_plus_fragile

),

-- Methods and kinds of places that classed at least one place in the year.
lectures as (

    select distinct
        epci_siren,
        annee,
        methode,
        type_lieu
    from {{ ref('int_fragilite_classes') }}
    where classe_retenue is not null and axe in ('qpv', 'zone', 'residence')

),

cumules as (

    {%- for axe in [{'axe': 'epci', 'colonne': 'epci_siren'}, {'axe': 'bailleur', 'colonne': 'bailleur_siren'}] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        publics.epci_siren,
        publics.annee,
        '{{ axe.axe }}' as axe,
        coalesce(publics.{{ axe.colonne }}, 'inconnu') as modalite,
        lectures.methode || ' x ' || lectures.type_lieu || ' x ' || publics.public as segment,
        count(*) as nb,
        count(fragiles.attribution_id) as nb_fragiles
    from publics
    inner join lectures on publics.epci_siren = lectures.epci_siren and publics.annee = lectures.annee
    left join fragiles
        on
            publics.attribution_id = fragiles.attribution_id
            and lectures.methode = fragiles.methode
            and lectures.type_lieu = fragiles.type_lieu
    group by 1, 2, 3, 4, 5
    {%- endfor %}

)

select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'baux_secteurs_fragiles' as indicateur,
    axe,
    modalite,
    'methode x type_lieu x public' as segment_type,
    segment,
    cast(null as bigint) as numerateur,
    cast(
        {{ plus_petit(
            'case when nb_fragiles > 0 then nb_fragiles else nb end',
            'case when nb - nb_fragiles > 0 then nb - nb_fragiles else nb end'
        ) }} as bigint
    ) as denominateur,
    cast(null as bigint) as inconnus,
    100 * cast(nb_fragiles as double) / nullif(nb, 0) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from cumules
