-- Which modality of a coarse axis holds each modality of a finer one, where it holds all of it: what the small-cell rule
-- needs to know that a neighbourhood is a part of a commune.
with residences as (

    select distinct
        epci_siren,
        residence,
        code_commune,
        bailleur_siren
    from {{ ref('fct_attribution') }}
    where residence is not null
    union
    select distinct
        epci_siren,
        residence,
        code_commune,
        bailleur_siren
    from {{ ref('fct_logement') }}
    where residence is not null and est_dans_le_parc

),

paires as (

    select distinct
        epci_siren,
        'residence' as axe_fin,
        residence as modalite_fine,
        'commune' as axe,
        code_commune as modalite
    from residences
    where code_commune is not null
    union
    select distinct
        epci_siren,
        'residence' as axe_fin,
        residence as modalite_fine,
        'bailleur' as axe,
        bailleur_siren as modalite
    from residences
    where bailleur_siren is not null
    union
    select distinct
        epci_siren,
        'qpv' as axe_fin,
        code_qpv as modalite_fine,
        'commune' as axe,
        code_commune as modalite
    from {{ ref('int_attribution_mesures') }}
    where code_qpv is not null and code_commune is not null

)

select
    epci_siren,
    axe_fin,
    modalite_fine,
    axe,
    min(modalite) as modalite
from paires
where epci_siren is not null
group by epci_siren, axe_fin, modalite_fine, axe
having count(*) = 1
