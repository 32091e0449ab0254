-- A figure split by size, quartile, household… also exists for all: a reader never has to add parts up. Figures whose
-- segments are not parts of a whole (events, steps, income concepts, methods, populations) are out of this rule.
select
    parties.epci_siren,
    parties.periode,
    parties.indicateur,
    parties.axe,
    parties.modalite,
    parties.segment_type,
    parties.segment
from {{ ref('indicateurs') }} as parties
left join {{ ref('indicateurs') }} as totaux
    on
        parties.epci_siren = totaux.epci_siren
        and parties.periode_type = totaux.periode_type
        and parties.periode = totaux.periode
        and parties.indicateur = totaux.indicateur
        and parties.axe = totaux.axe
        and parties.modalite = totaux.modalite
        and totaux.segment_type = 'tous'
where
    parties.segment_type in (
        'secteur', 'quartile', 'typologie', 'composition', 'financement', 'demandeur', 'periode_construction',
        'type_construction', 'dpe'
    )
    and parties.indicateur in ('baux', 'demandes', 'logements')
    and totaux.indicateur is null
