{#- Sums of measures, written once for every axis. Only counts of rows, rents and surfaces are ever summed. -#}

{#- A sum of counts, on 64 bits: DuckDB gives it 128, which it does not compress, and sums again 10 times slower. -#}
{%- macro somme(effectif) -%}
    cast(sum({{ effectif }}) as bigint)
{%- endmacro -%}

{#- Allocation measures; the landlords' priority publics are counted on the base that the convention gives them. -#}
{%- macro sommes_attribution(axe) %}
    {%- for m in mesures_attribution() %}
    {%- set source = 'prioritaires_bailleur' if m.mesure == 'prioritaires' and axe == 'bailleur' else m.mesure %}
    {%- set derniere = loop.last %}
    {%- for suffixe in ['num', 'den', 'inc'] %}
    {{ somme(source ~ '_' ~ suffixe) }} as {{ m.mesure }}_{{ suffixe }}{{ "," if not (derniere and loop.last) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro -%}

{%- macro sommes_parc(mesures) %}
    {%- for m in mesures %}
    {%- for suffixe in ['num', 'den', 'inc'] %}
    {{ somme(m ~ '_' ~ suffixe) }} as {{ m }}_{{ suffixe }},
    {%- endfor %}
    {%- endfor %}
    sum(loyer) as loyer,
    sum(surface) as surface,
    {{ somme('loyer_inc') }} as loyer_inc
{%- endmacro -%}
