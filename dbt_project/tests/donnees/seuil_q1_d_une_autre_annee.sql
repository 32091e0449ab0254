{{ config(severity='warn') }}
-- Years of leases without the order of the year: provisional with that of the year before, else without a quartile.
-- meta.seuils_q1 says in words what to do.
select
    epci_siren,
    annee,
    statut,
    annee_reference
from {{ ref('meta_seuils_q1') }}
where statut <> 'exact'
