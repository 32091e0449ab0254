-- In priority neighbourhoods, outside them and unknown: the three make the total, of leases and of dwellings.
with secteurs as (

    select
        epci_siren,
        periode_type,
        periode,
        indicateur,
        axe,
        modalite,
        sum(numerateur) as somme
    from {{ ref('indicateurs') }}
    where segment_type = 'secteur' and indicateur in ('baux', 'logements')
    group by epci_siren, periode_type, periode, indicateur, axe, modalite

)

select
    secteurs.*,
    totaux.numerateur as total
from secteurs
left join {{ ref('indicateurs') }} as totaux
    on
        secteurs.epci_siren = totaux.epci_siren
        and secteurs.periode_type = totaux.periode_type
        and secteurs.periode = totaux.periode
        and secteurs.indicateur = totaux.indicateur
        and secteurs.axe = totaux.axe
        and secteurs.modalite = totaux.modalite
        and totaux.segment_type = 'tous'
where totaux.numerateur is null or secteurs.somme <> totaux.numerateur
