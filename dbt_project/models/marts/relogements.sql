-- Rehousing for urban-renewal and condominium operations: how many, off site, out of priority neighbourhoods, in new dwellings,
-- and how the rent changed. One row per EPCI, period, axis, modality and segment.
{{ mart_large(['relogements', 'relogements_hors_site', 'relogements_hors_qpv', 'relogements_neuf', 'relogements_evolution_loyer']) }}
