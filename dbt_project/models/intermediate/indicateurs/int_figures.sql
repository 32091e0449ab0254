-- Every figure computed from the data, before targets, in one shape; figures that a missing source leaves out are added
-- with their status, so that what is not available is said and never looks like 0.
{{ config(materialized='view') }}
with calculees as (

    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_attribution') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_delai') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_demande') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_tension') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_parc') }}
    union all
    select * from {{ ref('int_indicateurs_parc_publie') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source
    from {{ ref('int_indicateurs_mutation_parc') }}
    union all
    select * from {{ ref('int_indicateurs_occupation') }}
    union all
    select * from {{ ref('int_indicateurs_revenus') }}
    union all
    select * from {{ ref('int_indicateurs_fragilite') }}
    union all
    select * from {{ ref('int_indicateurs_secteurs_fragiles') }}
    union all
    select * from {{ ref('int_indicateurs_accessibilite') }}
    union all
    select * from {{ ref('int_indicateurs_offre') }}
    union all
    select * from {{ ref('int_indicateurs_profils') }}
    union all
    select * from {{ ref('int_indicateurs_reperes') }}
    union all
    select * from {{ ref('int_indicateurs_mutations') }}
    union all
    select * from {{ ref('int_indicateurs_relogements') }}

),

-- What every territory is told each year: a figure, or why there is none.
attendues as (

    select
        territoires.epci_siren,
        annees.annee,
        indicateurs.indicateur,
        case
            when indicateurs.domaine in ('attributions', 'demande', 'qualite', 'fragilite') then 'annee'
            when indicateurs.indicateur = 'part_demandes_mutation_parc' then 'annee'
            else 'millesime'
        end as periode_type
    from {{ ref('dim_territoire') }} as territoires
    inner join {{ ref('int_annees_publiees') }} as annees on territoires.epci_siren = annees.epci_siren
    cross join {{ source('seeds', 'ref_indicateurs') }} as indicateurs

),

manquantes as (

    select
        attendues.epci_siren,
        attendues.periode_type,
        attendues.annee,
        attendues.indicateur
    from attendues
    left join (
        select distinct
            epci_siren,
            indicateur,
            periode_type,
            -- The stock, the survey and incomes are looked for in any vintage: each has its own rhythm.
            case when periode_type = 'annee' then annee end as annee
        from calculees
        -- A place is scored by a method, never the territory as a whole.
        where axe = 'epci' or indicateur like 'fragilite%'
    ) as connues
        on
            attendues.epci_siren = connues.epci_siren
            and attendues.indicateur = connues.indicateur
            and attendues.periode_type = connues.periode_type
            and (connues.annee is null or attendues.annee = connues.annee)
    where connues.epci_siren is null

)

select
    epci_siren,
    periode_type,
    periode,
    annee,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    numerateur,
    denominateur,
    inconnus,
    mesure,
    statut_source
from calculees
union all
select
    epci_siren,
    periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    indicateur,
    'epci' as axe,
    epci_siren as modalite,
    'tous' as segment_type,
    'tous' as segment,
    cast(null as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure,
    case
        when
            indicateur like 'fragilite%'
            and epci_siren not in (
                select methodes.epci_siren from {{ source('conventions', 'convention_methodes') }} as methodes
                where methodes.role = 'fragilite'
            )
            then 'sans_objet'
        else 'indisponible'
    end as statut_source
from manquantes
