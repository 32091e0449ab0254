{#- Texts that engines put together or take apart each in their own way. -#}

{#- The texts of a group in one, in an order that leaves no choice; each once with `distincts`, which orders them by
    themselves. -#}
{%- macro liste_de_textes(texte, separateur, ordre=none, distincts=false) -%}
    {{ return(adapter.dispatch('liste_de_textes', 'observatoire')(texte, separateur, ordre, distincts)) }}
{%- endmacro -%}

{%- macro default__liste_de_textes(texte, separateur, ordre, distincts) -%}
    string_agg({{ 'distinct ' if distincts }}{{ texte }}, '{{ separateur }}' order by {{ ordre or texte ~ ' nulls last' }})
{%- endmacro -%}

{%- macro spark__liste_de_textes(texte, separateur, ordre, distincts) -%}
    listagg({{ 'distinct ' if distincts }}{{ texte }}, '{{ separateur }}')
        within group (order by {{ ordre or texte ~ ' nulls last' }})
{%- endmacro -%}

{#- A whole number held under a key of a flat JSON text. -#}
{%- macro entier_json(colonne, cle) -%}
    {{ return(adapter.dispatch('entier_json', 'observatoire')(colonne, cle)) }}
{%- endmacro -%}

{%- macro default__entier_json(colonne, cle) -%}
    cast(json_extract_string({{ colonne }}, '$.{{ cle }}') as integer)
{%- endmacro -%}

{%- macro spark__entier_json(colonne, cle) -%}
    cast(get_json_object({{ colonne }}, '$.{{ cle }}') as integer)
{%- endmacro -%}

{%- macro postgres__entier_json(colonne, cle) -%}
    cast(cast({{ colonne }} as json) ->> '{{ cle }}' as integer)
{%- endmacro -%}

{#- A written name without accents, case, punctuation nor spaces. -#}
{%- macro nom_normalise(colonne) -%}
    {{ return(adapter.dispatch('nom_normalise', 'observatoire')(colonne)) }}
{%- endmacro -%}

{%- macro default__nom_normalise(colonne) -%}
    nullif(regexp_replace(lower(strip_accents({{ colonne }})), '[^a-z0-9]', '', 'g'), '')
{%- endmacro -%}

{%- macro spark__nom_normalise(colonne) -%}
    nullif(
        regexp_replace(
            translate(lower({{ colonne }}), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy'), '[^a-z0-9]', ''
        ), ''
    )
{%- endmacro -%}

{#- The name of a residence without accents, case, articles, punctuation, spaces nor the word « résidence »: « Les Tilleuls » and
    « RESIDENCE LES TILLEULS » are one. A name that is made of nothing else is kept whole. -#}
{%- macro residence_normalisee(colonne) -%}
    {{ return(adapter.dispatch('residence_normalisee', 'observatoire')(colonne)) }}
{%- endmacro -%}

{%- macro default__residence_normalisee(colonne) -%}
    coalesce(
        nullif(
            replace(
                regexp_replace(
                    ' ' || regexp_replace(lower(strip_accents({{ colonne }})), '[^a-z0-9]+', '  ', 'g') || ' ',
                    ' (residence|le|la|les|l|de|du|des|d) ', '', 'g'
                ), ' ', ''
            ), ''
        ), {{ nom_normalise(colonne) }}
    )
{%- endmacro -%}

{%- macro spark__residence_normalisee(colonne) -%}
    coalesce(
        nullif(
            replace(
                regexp_replace(
                    ' ' || regexp_replace(
                        translate(lower({{ colonne }}), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy'),
                        '[^a-z0-9]+', '  '
                    ) || ' ',
                    ' (residence|le|la|les|l|de|du|des|d) ', ''
                ), ' ', ''
            ), ''
        ), {{ nom_normalise(colonne) }}
    )
{%- endmacro -%}

{#- A number made from some columns: equal for equal rows, and as good as never for others. Never stored: each engine has its
    own. -#}
{%- macro cle_courte(colonnes) -%}
    {{ return(adapter.dispatch('cle_courte', 'observatoire')(colonnes)) }}
{%- endmacro -%}

{%- macro default__cle_courte(colonnes) -%}
    hash({{ colonnes | join(', ') }})
{%- endmacro -%}

{%- macro spark__cle_courte(colonnes) -%}
    xxhash64({{ colonnes | join(', ') }})
{%- endmacro -%}
