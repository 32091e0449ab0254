-- One row per event of an allocation (decided, effective or perhaps so, lease signed, moved in), dated by the event itself: its year's
-- threshold, the generation of priority neighbourhoods in force that day, the zones that day. Published territories only.
with evenements as (

    select
        attribution_id,
        'prononcee' as evenement,
        date_decision as date_evenement
    from {{ ref('fct_attribution') }}
    where est_prononcee
    union all
    select
        attribution_id,
        'effective' as evenement,
        date_decision as date_evenement
    from {{ ref('fct_attribution') }}
    where est_effective
    union all
    select
        attribution_id,
        'effective_inconnue' as evenement,
        date_decision as date_evenement
    from {{ ref('fct_attribution') }}
    where est_effective is null
    union all
    select
        attribution_id,
        'bail_signe' as evenement,
        date_signature_bail as date_evenement
    from {{ ref('fct_attribution') }}
    where est_bail_signe
    union all
    select
        attribution_id,
        'entree' as evenement,
        date_entree as date_evenement
    from {{ ref('fct_attribution') }}
    where est_entree

),

dates as (

    select
        evenements.attribution_id,
        evenements.evenement,
        evenements.date_evenement,
        cast(extract(year from evenements.date_evenement) as integer) as annee,
        cast(date_trunc('month', evenements.date_evenement) as date) as mois,
        parametres.epci_siren,
        attributions.code_commune,
        parametres.egalite_seuil,
        parametres.generation_qpv as regle_generation
    from evenements
    inner join {{ ref('fct_attribution') }} as attributions
        on evenements.attribution_id = attributions.attribution_id
    inner join {{ ref('int_parametres') }} as parametres on attributions.epci_siren = parametres.epci_siren
    where evenements.date_evenement is not null

),

places as (

    select
        dates.*,
        generations.generation,
        exists(
            select 1
            from {{ ref('int_attribution_zone') }} as zones
            where
                zones.attribution_id = dates.attribution_id
                and zones.type_zone = 'assimile'
                and dates.date_evenement >= coalesce(zones.debut, dates.date_evenement)
                and dates.date_evenement <= coalesce(zones.fin, dates.date_evenement)
        ) as est_assimile
    from dates
    {{ joindre_generation('dates.regle_generation', 'dates.date_evenement', 'dates.code_commune') }}

),

situes as (

    select
        places.*,
        case
            {%- for generation in var('generations_qpv') %}
            when places.generation = {{ generation }} then attributions.code_qpv_{{ generation }}
            {%- endfor %}
        end as code_qpv,
        case
            {%- for generation in var('generations_qpv') %}
            when places.generation = {{ generation }} then attributions.en_qpv_{{ generation }}
            {%- endfor %}
        end as en_qpv_strict,
        case
            {%- for generation in var('generations_qpv') %}
            when places.generation = {{ generation }} then attributions.methode_qpv_{{ generation }}
            {%- endfor %}
        end as methode_qpv
    from places
    inner join {{ ref('fct_attribution') }} as attributions on places.attribution_id = attributions.attribution_id

)

select
    situes.attribution_id,
    situes.evenement,
    situes.date_evenement,
    situes.annee,
    situes.mois,
    situes.epci_siren,
    situes.generation as generation_qpv,
    situes.code_qpv,
    situes.en_qpv_strict,
    situes.methode_qpv,
    situes.est_assimile,
    {{ secteur('situes.est_assimile', 'situes.en_qpv_strict') }} as secteur,
    seuils.seuil_q1,
    seuils.annee_seuil_q1,
    {{ quartile(
        'attributions.ressources_annuelles', 'attributions.nb_uc', 'seuils.seuil_q1', 'seuils.borne_q2',
        'seuils.borne_q3', 'situes.egalite_seuil'
    ) }} as quartile
from situes
inner join {{ ref('fct_attribution') }} as attributions on situes.attribution_id = attributions.attribution_id
left join {{ ref('int_seuils_epci') }} as seuils
    on situes.annee = seuils.annee and situes.epci_siren = seuils.epci_siren
