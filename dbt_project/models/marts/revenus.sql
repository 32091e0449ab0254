-- Household incomes by place, vintage and concept (declared and disposable are never mixed).
{{ mart_large([
    'revenu_median', 'taux_pauvrete', 'revenu_d1', 'revenu_d9', 'rapport_interdecile', 'part_revenus_activite',
    'part_pensions', 'part_prestations_sociales'
], comptes=false) }}
