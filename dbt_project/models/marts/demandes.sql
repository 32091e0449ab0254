-- Demand on 31 December: active requests and their profile, by axis and segment.
{{ mart_large(['demandes', 'part_mutations_demande', 'part_endogene', 'ressources_renseignees', 'anciennete']) }}
