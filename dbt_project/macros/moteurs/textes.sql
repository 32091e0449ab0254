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

{#- A text in lower case without accents. -#}
{%- macro sans_accents(colonne) -%}
    {{ return(adapter.dispatch('sans_accents', 'observatoire')(colonne)) }}
{%- endmacro -%}

{%- macro default__sans_accents(colonne) -%}
    lower(strip_accents({{ colonne }}))
{%- endmacro -%}

{%- macro spark__sans_accents(colonne) -%}
    translate(lower({{ colonne }}), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy')
{%- endmacro -%}

{#- A text where everything that has a form is replaced. -#}
{%- macro remplacer_partout(texte, motif, par) -%}
    {{ return(adapter.dispatch('remplacer_partout', 'observatoire')(texte, motif, par)) }}
{%- endmacro -%}

{%- macro default__remplacer_partout(texte, motif, par) -%}
    regexp_replace({{ texte }}, '{{ motif }}', '{{ par }}', 'g')
{%- endmacro -%}

{%- macro spark__remplacer_partout(texte, motif, par) -%}
    regexp_replace({{ texte }}, '{{ motif }}', '{{ par }}')
{%- endmacro -%}

{#- A written name without accents, case, punctuation nor spaces. -#}
{%- macro nom_normalise(colonne) -%}
    nullif({{ remplacer_partout(sans_accents(colonne), '[^a-z0-9]', '') }}, '')
{%- endmacro -%}

{#- The name of a residence without accents, ligatures, case, articles, punctuation, spaces nor the word « résidence », short or whole:
    « Les Tilleuls », « RESIDENCE LES TILLEULS » and « Rés. des Tilleuls » are one. A name that is made of nothing else is kept whole.
    `enregistrements` compares names in the same way before rows become records: a test holds them together. -#}
{%- macro residence_normalisee(colonne) -%}
    {%- set lettres = "replace(replace(" ~ sans_accents(colonne) ~ ", 'œ', 'oe'), 'æ', 'ae')" -%}
    {#- Two spaces between words: each has its own. -#}
    {%- set mots = "' ' || " ~ remplacer_partout(lettres, '[^a-z0-9]+', '  ') ~ " || ' '" -%}
    coalesce(
        nullif(
            replace({{ remplacer_partout(mots, ' (residence|resid|res|le|la|les|l|de|du|des|d) ', '') }}, ' ', ''), ''
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
