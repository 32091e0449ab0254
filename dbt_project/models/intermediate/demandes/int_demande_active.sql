-- One row per request active on 31 December of a covered year. The extraction used is that of the year, else the
-- earliest later one, else the latest earlier one. Filed on or before that day, and not struck off on or before it: a
-- request said to be struck off without a date is not active.
with annees as (

    select
        annee,
        {{ dernier_jour('annee') }} as date_situation
    from {{ ref('int_annees') }}
    where est_demandee

),

extractions as (

    select distinct millesime from {{ ref('stg_sne__demandes') }}

),

choix as (

    select
        annees.annee,
        annees.date_situation,
        coalesce(
            min(case when extractions.millesime >= annees.annee then extractions.millesime end),
            max(extractions.millesime)
        ) as millesime
    from annees
    inner join extractions on true
    group by annees.annee, annees.date_situation

)

select
    choix.annee,
    choix.date_situation,
    demandes.*,
    {{ commune_courante('demandes.commune_choix1', 'courante') }} as code_commune_choix1
from choix
inner join {{ ref('stg_sne__demandes') }} as demandes on choix.millesime = demandes.millesime
{{ joindre_commune('demandes.commune_choix1', 'courante') }}
where
    demandes.date_premier_depot <= choix.date_situation
    and (
        demandes.date_radiation > choix.date_situation
        or (demandes.date_radiation is null and coalesce(demandes.statut, 'active') <> 'radiee')
    )
