{#- Sums of measures, written once for every axis. Only counts of rows, rents and surfaces are ever summed.
    A sum of counts is cast to bigint: DuckDB gives it 128 bits, which it does not compress, and sums again 10 times slower. -#}

{#- Allocation measures; the landlords' priority publics are counted on the base that the convention gives them. -#}
{%- macro sommes_attribution(axe) %}
    {%- for m in mesures_attribution() %}
    {%- set source = 'prioritaires_bailleur' if m.mesure == 'prioritaires' and axe == 'bailleur' else m.mesure %}
    {%- set derniere = loop.last %}
    {%- for suffixe in ['num', 'den', 'inc'] %}
    cast(sum({{ source }}_{{ suffixe }}) as bigint) as {{ m.mesure }}_{{ suffixe }}{{ "," if not (derniere and loop.last) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro -%}

{%- macro sommes_parc(mesures) %}
    {%- for m in mesures %}
    {%- for suffixe in ['num', 'den', 'inc'] %}
    cast(sum({{ m }}_{{ suffixe }}) as bigint) as {{ m }}_{{ suffixe }},
    {%- endfor %}
    {%- endfor %}
    sum(loyer) as loyer,
    sum(surface) as surface,
    cast(sum(loyer_inc) as bigint) as loyer_inc
{%- endmacro -%}
