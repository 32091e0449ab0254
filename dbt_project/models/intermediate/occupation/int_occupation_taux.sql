-- Numerator and base of each occupation indicator, for one landlord, place and population. A theme that has one secret
-- modality among those summed gives no numerator: a partial sum would pass for a whole one. The base is that of
-- the place as the file names it: two merged communes are two rows here, added up by what reads them. A survey that gives a
-- total beside its parts, or the same households under two themes, is counted by the first set of modalities it has.
with jeux as (

    select
        occupation.millesime,
        occupation.epci_siren,
        occupation.niveau,
        occupation.code,
        occupation.code_lu,
        occupation.zone,
        occupation.bailleur_siren,
        occupation.population,
        correspondances.indicateur,
        correspondances.jeu,
        sum(occupation.effectif) as effectif,
        max(occupation.base) as base,
        sum(case when occupation.statut = 'secret' then 1 else 0 end) as nb_secrets
    from {{ ref('fct_occupation') }} as occupation
    inner join {{ source('seeds', 'ref_indicateurs_occupation') }} as correspondances
        on occupation.theme = correspondances.theme and occupation.modalite = correspondances.modalite
    where occupation.epci_siren is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

),

indicateurs as (

    select
        *,
        row_number() over (
            partition by
                millesime, epci_siren, niveau, code, code_lu, zone, bailleur_siren, population, indicateur
            order by jeu nulls last
        ) as rang
    from jeux

)

select
    millesime,
    epci_siren,
    niveau,
    code,
    code_lu,
    zone,
    bailleur_siren,
    population,
    indicateur,
    case when nb_secrets = 0 then effectif end as numerateur,
    case when nb_secrets = 0 then base end as denominateur,
    nb_secrets
from indicateurs
where rang = 1
union all
select
    millesime,
    epci_siren,
    niveau,
    code,
    code_lu,
    zone,
    bailleur_siren,
    population,
    'taux_couverture' as indicateur,
    max(nb_menages_repondants) as numerateur,
    max(nb_logements_enquetes) as denominateur,
    0 as nb_secrets
from {{ ref('fct_occupation') }}
where epci_siren is not null and nb_logements_enquetes is not null
group by millesime, epci_siren, niveau, code, code_lu, zone, bailleur_siren, population
