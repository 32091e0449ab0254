{#- Arithmetic that engines do each in their own way: one form per engine, the same figures. DuckDB is the reference.

    What is written `/* par moteur */` in a compiled model is what tests/modeles/portabilite.py lets through. -#}

{#- Integer division, towards zero. -#}
{%- macro division_entiere(a, b) -%}
    {{ return(adapter.dispatch('division_entiere', 'observatoire')(a, b)) }}
{%- endmacro -%}

{%- macro default__division_entiere(a, b) -%}
    (({{ a }}) // ({{ b }}))
{%- endmacro -%}

{%- macro spark__division_entiere(a, b) -%}
    (({{ a }}) div ({{ b }}))
{%- endmacro -%}

{#- The smaller, the greater of two values, unknown when one is: `least` and `greatest` pass over what is unknown, in DuckDB as
    in Spark, so that a number of rooms that nobody gave would be the largest class. Dates and numbers. -#}
{%- macro plus_petit(a, b) -%}
    case when {{ a }} is not null and {{ b }} is not null then least({{ a }}, {{ b }}) end
{%- endmacro -%}

{%- macro plus_grand(a, b) -%}
    case when {{ a }} is not null and {{ b }} is not null then greatest({{ a }}, {{ b }}) end
{%- endmacro -%}

{#- A real number rounded to some decimals, ties away from zero, in binary arithmetic. Spark would round the decimal
    writing of the number: 2.675 gives 2.68 there and 2.67 here. -#}
{%- macro arrondi(x, decimales=0) -%}
    {{ return(adapter.dispatch('arrondi', 'observatoire')(x, decimales)) }}
{%- endmacro -%}

{%- macro default__arrondi(x, decimales) -%}
    (round({{ x }}{% if decimales %}, {{ decimales }}{% endif %}) /* par moteur */)
{%- endmacro -%}

{%- macro spark__arrondi(x, decimales) -%}
    (round(({{ x }}) * 1e{{ decimales }}) / 1e{{ decimales }})
{%- endmacro -%}

{#- A real number held as a decimal: nearest, a tie (to a billionth) away from zero, as DuckDB casts. -#}
{%- macro en_decimal(x, chiffres, decimales) -%}
    {{ return(adapter.dispatch('en_decimal', 'observatoire')(x, chiffres, decimales)) }}
{%- endmacro -%}

{%- macro default__en_decimal(x, chiffres, decimales) -%}
    (cast({{ x }} as decimal({{ chiffres }}, {{ decimales }})) /* par moteur */)
{%- endmacro -%}

{%- macro spark__en_decimal(x, chiffres, decimales) -%}
    cast(
        cast(rint(({{ x }}) * 1e{{ decimales }} + signum({{ x }}) * 1e-9) as decimal({{ chiffres }}, 0))
        / cast(1e{{ decimales }} as decimal({{ decimales + 1 }}, 0))
        as decimal({{ chiffres }}, {{ decimales }})
    )
{%- endmacro -%}

{#- A real number as the shortest text that reads back as itself: 12.5, 7.0. Figures and coordinates: 0, or between a
    ten-thousandth and 10^15. -#}
{%- macro reel_en_texte(x) -%}
    {{ return(adapter.dispatch('reel_en_texte', 'observatoire')(x)) }}
{%- endmacro -%}

{%- macro default__reel_en_texte(x) -%}
    (cast({{ x }} as {{ dbt.type_string() }}) /* par moteur */)
{%- endmacro -%}

{%- macro spark__reel_en_texte(x) -%}
    case
        when {{ x }} = 0 or (abs({{ x }}) >= 1e-3 and abs({{ x }}) < 1e7) then cast({{ x }} as string)
        else regexp_replace(
            regexp_replace(cast(cast({{ x }} as decimal(38, 18)) as string), '0+$', ''), '[.]$', '.0'
        )
    end
{%- endmacro -%}
