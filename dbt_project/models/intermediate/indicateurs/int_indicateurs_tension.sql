-- Tension: active requests on 31 December over leases signed in the year, on the axes and segments that both have. No
-- lease, or no demand known, gives no ratio; it is never 0.
with demandes as (

    select *
    from {{ ref('int_indicateurs_demande') }}
    where indicateur = 'demandes' and axe in ('epci', 'commune', 'departement')

),

baux as (

    select *
    from {{ ref('int_indicateurs_attribution') }}
    where indicateur = 'baux' and periode_type = 'annee'

)

select
    demandes.epci_siren,
    demandes.periode_type,
    demandes.periode,
    demandes.annee,
    'tension' as indicateur,
    demandes.axe,
    demandes.modalite,
    demandes.segment_type,
    demandes.segment,
    demandes.numerateur,
    coalesce(baux.numerateur, 0) as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure
from demandes
left join baux
    on
        demandes.epci_siren = baux.epci_siren
        and demandes.periode = baux.periode
        and demandes.axe = baux.axe
        and demandes.modalite = baux.modalite
        and demandes.segment_type = baux.segment_type
        and demandes.segment = baux.segment
where demandes.annee in (select couvertes.annee from baux as couvertes)
