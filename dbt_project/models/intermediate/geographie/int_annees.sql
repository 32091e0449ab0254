-- The years that each territory's own data cover, and those that the run asks for by name. A year is covered by its events: a
-- decision taken in it, in a file of its vintage or in both halves of the year; or by an extraction of requests, of its month
-- of December or later with those struck off. A year known only by what a file of another year holds of it (the January
-- leases of December's decisions) is not covered: a rate of it would be misleading. Only events say that the allocations of a year
-- were read: a request, or the year that a run asks for, says nothing of them.
with demandees as (

    select cast(valeur as integer) as annee
    from {{ source('conventions', 'parametres') }}
    where parametre = 'annee'

),

decisions as (

    select
        epci_siren,
        cast(extract(year from coalesce(date_decision, date_signature_bail)) as integer) as annee,
        millesime,
        case when extract(month from coalesce(date_decision, date_signature_bail)) > 6 then 1 else 0 end as second_semestre
    from {{ ref('fct_attribution') }}
    where epci_siren is not null and coalesce(date_decision, date_signature_bail) is not null

),

lues as (

    select
        epci_siren,
        annee,
        1 as attributions_lues
    from decisions
    group by epci_siren, annee
    having
        sum(case when annee = millesime then 1 else 0 end) > 0
        or (min(second_semestre) = 0 and max(second_semestre) = 1)
    union
    -- The last of the years that an extraction serves: it is taken for that one.
    select
        epci_siren,
        max(annee) as annee,
        0 as attributions_lues
    from {{ ref('int_demande_extractions') }}
    where epci_siren is not null
    group by epci_siren, date_extraction
    union
    select
        parametres.epci_siren,
        demandees.annee,
        0 as attributions_lues
    from {{ ref('int_parametres') }} as parametres
    cross join demandees

),

couvertes as (

    select
        epci_siren,
        annee,
        max(attributions_lues) = 1 as sont_lues_les_attributions
    from lues
    group by epci_siren, annee

)

select
    couvertes.epci_siren,
    couvertes.annee,
    couvertes.sont_lues_les_attributions,
    not exists (select 1 from demandees)
    or couvertes.annee in (select demandees.annee from demandees) as est_demandee
from couvertes
inner join {{ ref('int_parametres') }} as parametres on couvertes.epci_siren = parametres.epci_siren
