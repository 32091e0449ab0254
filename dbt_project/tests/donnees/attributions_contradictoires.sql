{{ config(severity='warn') }}
-- Allocations whose data contradict one another: the figures follow the rule of meta.contradictions, which names file and line.
select
    epci_siren,
    annee,
    regle,
    count(*) as nb_attributions
from {{ ref('meta_contradictions') }}
group by epci_siren, annee, regle
