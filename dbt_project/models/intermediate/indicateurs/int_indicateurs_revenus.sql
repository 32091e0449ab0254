-- Income measures of the places of each published territory, and of what they are compared with (département, region,
-- France), in the common shape. Published values are carried as they are: none is averaged.
with membres as (

    {{ communes_des_epci() }}

),

lieux as (

    {{ lieux_des_epci('membres') }}
    union
    select distinct
        membres.epci_siren,
        'departement' as niveau,
        communes.departement as code
    from membres
    inner join {{ ref('dim_commune') }} as communes on membres.code_commune = communes.code_commune
    union
    select distinct
        membres.epci_siren,
        'region' as niveau,
        communes.region as code
    from membres
    inner join {{ ref('dim_commune') }} as communes on membres.code_commune = communes.code_commune

),

situes as (

    select
        lieux.epci_siren,
        revenus.*
    from {{ ref('fct_revenu') }} as revenus
    inner join lieux on revenus.niveau = lieux.niveau and revenus.code = lieux.code
    union all
    select distinct
        membres.epci_siren,
        revenus.*
    from {{ ref('fct_revenu') }} as revenus
    inner join membres
        on revenus.niveau = 'iris' and substr(revenus.code, 1, 5) = membres.code_commune
    union all
    select
        parametres.epci_siren,
        revenus.*
    from {{ ref('fct_revenu') }} as revenus
    cross join {{ ref('int_parametres') }} as parametres
    where revenus.niveau = 'france'

)

select
    situes.epci_siren,
    'millesime' as periode_type,
    cast(situes.millesime as {{ dbt.type_string() }}) as periode,
    situes.millesime as annee,
    indicateurs.indicateur,
    situes.niveau as axe,
    situes.code as modalite,
    'concept' as segment_type,
    situes.concept as segment,
    cast(null as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(situes.valeur as double) as mesure,
    case situes.statut
        when 'publie' then null
        when 'secret' then 'secret'
        when 'sans_objet' then 'sans_objet'
        else 'indisponible'
    end as statut_source
from situes
inner join {{ ref('int_parametres') }} as parametres on situes.epci_siren = parametres.epci_siren
inner join {{ source('seeds', 'ref_indicateurs') }} as indicateurs
    on
        indicateurs.domaine = 'revenus'
        and indicateurs.indicateur
        = case when situes.mesure = 'part_minima_sociaux' then 'part_minima_sociaux_revenu' else situes.mesure end
