{#- The code that a commune has today, from a code of any year; the join is written by `joindre_commune`. -#}

{#- The département that the code of a commune names: its first two characters, three overseas. It is known of every commune, also of
    those that no list of the territories holds. -#}
{%- macro departement_de(code) -%}
    case when {{ code }} like '97%' or {{ code }} like '98%' then substr({{ code }}, 1, 3) else substr({{ code }}, 1, 2) end
{%- endmacro -%}

{%- macro joindre_commune(colonne, alias) -%}
    left join {{ ref('int_commune_courante') }} as {{ alias }} on {{ colonne }} = {{ alias }}.code_lu
{%- endmacro -%}

{%- macro commune_courante(colonne, alias) -%}
    coalesce({{ alias }}.code_commune, {{ colonne }})
{%- endmacro -%}
