-- Each figure of the warehouse has exactly one row in what is published: the small-cell rule masks, it never drops.
select
    bruts.epci_siren,
    bruts.indicateur,
    bruts.nb as nb_entrepot,
    coalesce(publies.nb, 0) as nb_publies
from (
    select
        epci_siren,
        indicateur,
        count(*) as nb
    from {{ ref('indicateurs_bruts') }}
    group by epci_siren, indicateur
) as bruts
left join (
    select
        epci_siren,
        indicateur,
        count(*) as nb
    from {{ ref('indicateurs') }}
    group by epci_siren, indicateur
) as publies
    on bruts.epci_siren = publies.epci_siren and bruts.indicateur = publies.indicateur
where bruts.nb <> coalesce(publies.nb, 0)
