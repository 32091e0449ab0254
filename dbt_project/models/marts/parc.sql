-- The stock on 1 January: dwellings, share in priority neighbourhoods, vacancy, mobility, by axis and segment.
{{ mart_large(['logements', 'part_qpv', 'vacance', 'vacance_3mois', 'mobilite']) }}
