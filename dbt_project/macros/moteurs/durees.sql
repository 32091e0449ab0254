{#- Dates and rows before: what engines name differently. -#}

{#- Days from one date to another. -#}
{%- macro jours_entre(debut, fin) -%}
    {{ return(adapter.dispatch('jours_entre', 'observatoire')(debut, fin)) }}
{%- endmacro -%}

{%- macro default__jours_entre(debut, fin) -%}
    date_diff('day', {{ debut }}, {{ fin }})
{%- endmacro -%}

{%- macro spark__jours_entre(debut, fin) -%}
    datediff({{ fin }}, {{ debut }})
{%- endmacro -%}

{#- First day of the month that is `n` months after (before, when negative) the month of a date. -#}
{%- macro ajouter_mois(date, n) -%}
    {{ return(adapter.dispatch('ajouter_mois', 'observatoire')(date, n)) }}
{%- endmacro -%}

{%- macro default__ajouter_mois(date, n) -%}
    cast(date_trunc('month', {{ date }}) + interval '1 month' * ({{ n }}) as date)
{%- endmacro -%}

{%- macro spark__ajouter_mois(date, n) -%}
    add_months(trunc({{ date }}, 'MM'), {{ n }})
{%- endmacro -%}

{#- The last known value of a column, in a window that is written after it. -#}
{%- macro derniere_connue(colonne) -%}
    {{ return(adapter.dispatch('derniere_connue', 'observatoire')(colonne)) }}
{%- endmacro -%}

{%- macro default__derniere_connue(colonne) -%}
    last_value({{ colonne }} ignore nulls)
{%- endmacro -%}

{%- macro spark__derniere_connue(colonne) -%}
    last_value({{ colonne }}) ignore nulls
{%- endmacro -%}
