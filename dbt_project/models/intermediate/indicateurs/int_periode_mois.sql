-- The months of each period, so that monthly sums roll up by an equality join.
select
    periodes.epci_siren,
    periodes.periode_type,
    periodes.periode,
    periodes.annee,
    periodes.niveau,
    decalages.numero as rang_mois,
    {{ ajouter_mois('periodes.debut', 'decalages.numero') }} as mois
from {{ ref('dim_periode') }} as periodes
cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11)) as decalages (numero)
where {{ ajouter_mois('periodes.debut', 'decalages.numero') }} <= periodes.fin
