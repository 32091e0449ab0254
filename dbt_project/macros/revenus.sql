{#- Income rules shared by requests and allocations: consumption units, yearly resources, quartile. -#}

{#- Consumption units of a household: the declared value wins, else the scale in force; unknown when a term is. -#}
{%- macro unites_consommation(menage, echelle) -%}
    cast(
        coalesce(
            {{ menage }}.nb_uc,
            case
                when {{ menage }}.nb_personnes = 1 then {{ echelle }}.premiere_personne
                else
                    {{ echelle }}.premiere_personne
                    + {{ echelle }}.personne_14_ans_et_plus * ({{ menage }}.nb_personnes - 1 - {{ menage }}.nb_moins_14)
                    + {{ echelle }}.enfant_moins_14_ans * {{ menage }}.nb_moins_14
            end
        ) as decimal(6, 2)
    )
{%- endmacro -%}

{#- Yearly resources of a household, from the monthly ones that it declared. Monthly resources that can only be yearly ones typed
    in the wrong column (at least so much a month per unit, or equal to the fiscal income of the year) are what the convention
    says: unknown, as they are (`signaler`), or taken as yearly (`corriger`). A place without a convention has them unknown. -#}
{%- macro ressources_annuelles_retenues(menage, uc, bornes, traitement) -%}
    case
        when
            {{ menage }}.ressources_mensuelles >= {{ bornes }}.mensuelles_uc_min * {{ uc }}
            or (
                {{ menage }}.rfr > 0
                and {{ menage }}.ressources_mensuelles >= {{ bornes }}.mensuelles_min
                and abs({{ menage }}.ressources_mensuelles - {{ menage }}.rfr) * 100
                <= {{ bornes }}.ecart_rfr_pct * {{ menage }}.rfr
            )
            then case {{ traitement }}
                when 'signaler' then {{ menage }}.ressources_mensuelles * 12
                when 'corriger' then {{ menage }}.ressources_mensuelles * 1
            end
        else {{ menage }}.ressources_mensuelles * 12
    end
{%- endmacro -%}

{#- The bounds in force on the day of a household's situation. -#}
{%- macro joindre_ressources_douteuses(jour, bornes) -%}
    left join {{ source('seeds', 'ref_ressources_douteuses') }} as {{ bornes }}
        on {{ jour }} >= {{ bornes }}.debut and {{ jour }} <= coalesce({{ bornes }}.fin, {{ jour }})
{%- endmacro -%}

{#- Yearly resources per consumption unit, not rounded: one division, so that two households whose resources per unit are equal
    have equal numbers, and the household that is the bound of a quartile is on it. -#}
{%- macro ressources_par_uc(ressources, uc) -%}
    cast({{ ressources }} as double) / nullif(cast({{ uc }} as double), 0)
{%- endmacro -%}

{#- Quartile of yearly resources: below the order's threshold (or equal to it, if the convention says so) is Q1; the
    bounds of the second and third quartiles are incomes of the demand, compared as they were computed. Unknown resources give NULL, never a quartile. -#}
{%- macro quartile(ressources, uc, seuil, q2, q3, egalite) -%}
    case
        when {{ ressources }} is null or {{ uc }} is null or {{ uc }} <= 0 or {{ seuil }} is null then null
        when {{ ressources }} < {{ seuil }} * {{ uc }} then 'Q1'
        when {{ ressources }} = {{ seuil }} * {{ uc }} and {{ egalite }} = 'q1' then 'Q1'
        when {{ q2 }} is null or {{ q3 }} is null then 'Q2-4'
        when {{ ressources_par_uc(ressources, uc) }} < {{ q2 }} then 'Q2'
        when {{ ressources_par_uc(ressources, uc) }} < {{ q3 }} then 'Q3'
        else 'Q4'
    end
{%- endmacro -%}
