-- Mutations inside the social stock: their share of leases and of the demand, with the same landlord or between landlords, and
-- under- and over-occupation of the dwellings left or asked to be left. One row per EPCI, period, axis, modality and segment.
with larges as (

    {{ mart_large([
        'mutations', 'part_mutations_demande', 'baux', 'sous_occupation_mutations', 'sur_occupation_mutations',
        'sous_occupation_demande', 'sur_occupation_demande'
    ]) }}

)

select *
from larges
where segment_type in ('tous', 'type_mutation', 'secteur') and periode_type in ('annee', 'semestre')
