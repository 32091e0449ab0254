-- The years of a territory are those of its own data: of its allocations and requests, else of its stock, else of its survey,
-- its incomes, its published aggregates.
with annees_sne as (

    select
        annees.epci_siren,
        annees.annee
    from {{ ref('int_annees') }} as annees
    where annees.est_demandee

),

annees_parc as (

    select
        epci_siren,
        millesime - 1 as annee
    from (
        select
            epci_siren,
            millesime
        from {{ ref('dim_logement') }}
        where epci_siren is not null
        union
        select
            epci_siren,
            annee as millesime
        from {{ ref('int_indicateurs_parc_publie') }}
    ) as parc
    where epci_siren not in (select annees_sne.epci_siren from annees_sne)

)

select * from annees_sne
union
select * from annees_parc
union
select
    epci_siren,
    annee
from (
    select
        epci_siren,
        annee
    from {{ ref('int_indicateurs_revenus') }}
    union all
    select
        epci_siren,
        annee
    from {{ ref('int_indicateurs_occupation') }}
    union all
    select
        epci_siren,
        annee
    from {{ ref('int_indicateurs_reperes') }}
) as ouvertes
where
    epci_siren not in (select annees_sne.epci_siren from annees_sne)
    and epci_siren not in (select annees_parc.epci_siren from annees_parc)
