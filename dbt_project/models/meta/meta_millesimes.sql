{{ config(alias='millesimes') }}
-- The vintages that a bilan pairs with its year: leases and requests of the year, stock on 1 January of the next one, the
-- latest survey and incomes not after the year; a convention may pin others. NULL when the source has none.
with annees as (

    select
        parametres.*,
        annees.annee
    from {{ ref('int_parametres') }} as parametres
    inner join {{ ref('int_annees_publiees') }} as annees on parametres.epci_siren = annees.epci_siren

),

disponibles as (

    select distinct
        'rpls' as source,
        millesime
    from {{ ref('stg_rpls__logements') }}
    union all
    -- Where no dwelling is held: the published tables.
    select distinct
        'rpls' as source,
        millesime
    from {{ source('rpls', 'rpls_agregats') }}
    union all
    select distinct
        'ops' as source,
        millesime
    from {{ source('ops', 'ops_occupation') }}
    union all
    select distinct
        'filosofi' as source,
        millesime
    from {{ source('filosofi', 'filosofi') }}
    union all
    select distinct
        'sne' as source,
        millesime
    from {{ ref('stg_sne__attributions') }}

),

choix as (

    select
        annees.epci_siren,
        annees.annee,
        disponibles.source,
        disponibles.millesime,
        case disponibles.source
            when 'sne' then disponibles.millesime = annees.annee
            when 'rpls'
                then
                    case
                        when annees.millesime_rpls = 'annee_plus_1' then disponibles.millesime = annees.annee + 1
                        else cast(disponibles.millesime as {{ dbt.type_string() }}) = annees.millesime_rpls
                    end
            when 'ops'
                then
                    case
                        when annees.millesime_ops = 'dernier' then disponibles.millesime <= annees.annee
                        else cast(disponibles.millesime as {{ dbt.type_string() }}) = annees.millesime_ops
                    end
            else
                case
                    when annees.millesime_filosofi = 'dernier' then disponibles.millesime <= annees.annee
                    else cast(disponibles.millesime as {{ dbt.type_string() }}) = annees.millesime_filosofi
                end
        end as convient
    from annees
    cross join disponibles

)

select
    annees.epci_siren,
    annees.annee,
    sources.source,
    max(case when choix.convient then choix.millesime end) as millesime
from annees
cross join (values ('sne'), ('rpls'), ('ops'), ('filosofi')) as sources (source)
left join choix
    on annees.epci_siren = choix.epci_siren and annees.annee = choix.annee and sources.source = choix.source
group by annees.epci_siren, annees.annee, sources.source
