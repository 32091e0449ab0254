{#- Rates whose numerator and denominator come from two sources, or two years: nothing keeps one within the other. -#}
{%- macro rapports_entre_sources() -%}
    {{ return(['part_demandes_mutation_parc', 'taux_couverture']) }}
{%- endmacro -%}
