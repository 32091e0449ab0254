{#- Rules that compare a figure with its target, in exact integer arithmetic: a target in per cent is held in millionths. -#}

{%- macro cible_millioniemes(cible) -%}
    cast({{ arrondi(cible ~ ' * 10000') }} as bigint)
{%- endmacro -%}

{#- Whether a rate of these counts is at least, or at most, its target; NULL for the other kinds of target. -#}
{%- macro cible_atteinte(operateur, cible, numerateur, denominateur) -%}
    case
        when {{ operateur }} = '>='
            then {{ numerateur }} * 1000000 >= {{ cible_millioniemes(cible) }} * {{ denominateur }}
        when {{ operateur }} = '<='
            then {{ numerateur }} * 1000000 <= {{ cible_millioniemes(cible) }} * {{ denominateur }}
    end
{%- endmacro -%}

{#- Number of cases that reach the target with the same denominator: rounded up, or down as some bilans print it. -#}
{%- macro nombre_cible(cible, denominateur, arrondi) -%}
    case
        when {{ arrondi }} = 'inferieur'
            then {{ division_entiere(cible_millioniemes(cible) ~ " * " ~ denominateur, "1000000") }}
        else {{ division_entiere(cible_millioniemes(cible) ~ " * " ~ denominateur ~ " + 999999", "1000000") }}
    end
{%- endmacro -%}

{#- How many cases part a count from its target, at an equal base: too few, or for a cap too many; 0 when it is reached. -#}
{%- macro ecart_a_la_cible(operateur, cible, numerateur, denominateur, arrondi) -%}
    case
        when {{ operateur }} = '<='
            then {{ plus_grand(
                numerateur ~ " - " ~ division_entiere(cible_millioniemes(cible) ~ " * " ~ denominateur, "1000000"),
                "0"
            ) }}
        else {{ plus_grand(nombre_cible(cible, denominateur, arrondi) ~ " - " ~ numerateur, "0") }}
    end
{%- endmacro -%}
