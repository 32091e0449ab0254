-- Tension: active requests for one lease of the year, by axis and segment (wanted size, quartile, household, mutation).
{{ mart_large(['tension', 'demandes', 'baux', 'delai_median']) }}
