-- Occupation of the stock, by survey vintage, axis and population.
{{ mart_large([
    'part_isoles', 'part_monoparentales', 'part_familles_nombreuses', 'part_moins_40_plus',
    'part_minima_sociaux', 'part_actifs_occupes', 'part_75_ans_et_plus', 'part_demandes_mutation_parc',
    'taux_couverture'
]) }}
