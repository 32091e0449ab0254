-- Allocations: every rate and count of leases, by period, axis (EPCI, commune, neighbourhood, zone, landlord, holder, crossings) and segment.
{{ mart_large([
    'baux', 'attributions', 'hors_qpv_q1', 'hors_qpv_q1_strict', 'qpv_q234', 'qpv_q2', 'qpv_q34',
    'prioritaires', 'dalo', 'mal_loges', 'travailleurs_essentiels', 'mutations', 'bas_revenus',
    'porteurs_mixite', 'conversion_bail', 'refus', 'delai_median'
]) }}
