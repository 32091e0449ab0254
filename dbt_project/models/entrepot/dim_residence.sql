-- Residences: those of the register, with all their dwellings, and those that allocations alone name.
with attribuees as (

    select
        epci_siren,
        residence,
        min(bailleur_siren) as bailleur_siren,
        min(code_commune) as code_commune,
        count(distinct num_rpls) as nb_logements_attribues
    from {{ ref('fct_attribution') }}
    where residence is not null and epci_siren is not null
    group by epci_siren, residence

),

registre as (

    select
        epci_siren,
        residence,
        millesime,
        min(bailleur_siren) as bailleur_siren,
        min(code_commune) as code_commune,
        count(*) as nb_logements,
        row_number() over (partition by epci_siren, residence order by millesime desc nulls last) as rang
    from {{ ref('fct_logement') }}
    where residence is not null and epci_siren is not null and est_dans_le_parc
    group by epci_siren, residence, millesime

)

select
    coalesce(registre.epci_siren, attribuees.epci_siren) as epci_siren,
    coalesce(registre.residence, attribuees.residence) as residence,
    coalesce(registre.bailleur_siren, attribuees.bailleur_siren) as bailleur_siren,
    coalesce(registre.code_commune, attribuees.code_commune) as code_commune,
    registre.millesime,
    registre.nb_logements,
    attribuees.nb_logements_attribues
from (select * from registre where rang = 1) as registre
full outer join attribuees
    on registre.epci_siren = attribuees.epci_siren and registre.residence = attribuees.residence
