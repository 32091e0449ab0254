{#- Stable identifiers of rows, made of their content: a file renamed or moved gives the same identifier. The columns that
    hold reals are named: engines write them differently. -#}

{%- macro empreinte_ligne(colonnes, reels=[]) -%}
    md5(
        {%- for colonne in colonnes %}
        coalesce(
            {%- if colonne in reels %}{{ reel_en_texte(colonne) }}{% else %}cast({{ colonne }} as {{ dbt.type_string() }}){% endif -%}
            , '')
        {%- if not loop.last %} || '|' || {% endif %}
        {%- endfor %}
    )
{%- endmacro -%}
