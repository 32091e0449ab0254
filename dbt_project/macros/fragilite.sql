{#- Rules of the fragility methods that several models share. -#}

{#- Is 100 × n / base inside a band of percentages? Whole numbers and decimals only: a value equal to a bound falls on the
    side that the method states, never on the side of a rounding. -#}
{%- macro dans_bande(n, base, bande) -%}
    (
        {{ bande }}.borne_pct is null
        or 100 * ({{ n }}) > {{ bande }}.borne_pct * {{ base }}
        or ({{ bande }}.borne_incluse and 100 * ({{ n }}) = {{ bande }}.borne_pct * {{ base }})
    )
    and (
        {{ bande }}.borne_sup_pct is null
        or 100 * ({{ n }}) < {{ bande }}.borne_sup_pct * {{ base }}
        or ({{ bande }}.borne_sup_incluse and 100 * ({{ n }}) = {{ bande }}.borne_sup_pct * {{ base }})
    )
{%- endmacro -%}

{#- Stock measures that a method may use. -#}
{%- macro mesures_fragilite_parc() -%}
    {{ return(['vacance', 'vacance_3mois', 'mobilite']) }}
{%- endmacro -%}

{#- A source and the vintages it is read at, as one key, so that joins on it are equalities. -#}
{%- macro cle_source(source, millesime, annee_sne=none) -%}
    {{ source }} || '|' || cast({{ millesime }} as {{ dbt.type_string() }})
    {%- if annee_sne %} || '|' || cast({{ annee_sne }} as {{ dbt.type_string() }}){% endif %}
{%- endmacro -%}
