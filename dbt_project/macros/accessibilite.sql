{#- Housing costs of a household in a dwelling: the official formula of housing aid for ordinary rentals, in euros a month.

    APL = L + C - Pp, less the flat reduction, nothing under the least amount, net of the CRDS; L is the rent up to the
    ceiling, C the flat charges, Pp = P0 + Tp × (R - R0), Tp = TF + TL. Every amount is a dated row of a seed. -#}
{%- macro loyer_retenu(loyer, m) -%}
    least(cast({{ loyer }} as double), {{ m }}.plafond_loyer)
{%- endmacro -%}

{%- macro taux_complementaire(loyer, m) -%}
    {%- set rl = arrondi("100 * (" ~ loyer_retenu(loyer, m) ~ ") / nullif(" ~ m ~ ".loyer_reference, 0)", 2) -%}
    {%- set taux -%}
        (
            {{ m }}.taux_tranche_2_pct * greatest(least({{ rl }}, {{ m }}.tranche_2_pct) - {{ m }}.tranche_1_pct, 0)
            + {{ m }}.taux_tranche_3_pct * greatest({{ rl }} - {{ m }}.tranche_2_pct, 0)
        ) / 100
    {%- endset -%}
    {{ arrondi(taux, 3) }}
{%- endmacro -%}

{%- macro aide_brute(loyer, m) -%}
    (
        {{ loyer_retenu(loyer, m) }} + {{ m }}.forfait_charges
        - greatest(
            {{ m }}.participation_minimale,
            {{ m }}.participation_minimale_taux / 100 * ({{ loyer_retenu(loyer, m) }} + {{ m }}.forfait_charges)
        )
        - ({{ m }}.tf_pct + {{ taux_complementaire(loyer, m) }}) / 100
        * greatest({{ m }}.ressources_apl - {{ m }}.r0, 0)
        - {{ m }}.abattement_mensuel
    )
{%- endmacro -%}

{%- macro aide_logement(loyer, m) -%}
    case
        -- `least` and `greatest` pass over what is unknown: the aid of an unknown rent or income is unknown.
        when {{ loyer }} is null or {{ m }}.ressources_apl is null or {{ m }}.plafond_loyer is null then null
        when {{ aide_brute(loyer, m) }} < {{ m }}.montant_minimal then 0
        else {{ arrondi(aide_brute(loyer, m) ~ " * (1 - " ~ m ~ ".crds_pct / 100)", 2) }}
    end
{%- endmacro -%}

{#- Rent and charges left to the household, in percentage of its income, to four decimals. -#}
{%- macro taux_effort(loyer, surface, m) -%}
    {%- set taux -%}
        100 * (
            cast({{ loyer }} as double) + {{ m }}.charges_eur_m2_mois * cast({{ surface }} as double)
            - ({{ aide_logement(loyer, m) }})
        ) / nullif({{ m }}.revenu_mensuel, 0)
    {%- endset -%}
    {{ en_decimal(taux, 12, 4) }}
{%- endmacro -%}

{#- Sums of the accessible stock, written once for every axis. -#}
{%- macro sommes_accessibilite() -%}
    {%- for m in ['accessible', 'mobilisable', 'plai'] %}
    {%- set derniere = loop.last %}
    {%- for suffixe in ['num', 'den', 'inc'] %}
        {{ somme(m ~ '_' ~ suffixe) }} as {{ m }}_{{ suffixe }}{{ "," if not (derniere and loop.last) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro -%}

{#- Dwellings by what their cost (`couts`) allows at a rate of effort (`efforts`): accessible, and under the PLAI ceiling outside
    priority neighbourhoods. -#}
{%- macro compte_accessibles() -%}
    {{ somme(compte('couts.taux_effort <= efforts.taux_pct')) }} as accessible_num,
    {{ somme(compte('couts.taux_effort is not null')) }} as accessible_den,
    {{ somme(compte('couts.taux_effort is null')) }} as accessible_inc
{%- endmacro -%}

{%- macro compte_mobilisables() -%}
    {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_sous_plafond_plai")) }} as mobilisable_num,
    {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_sous_plafond_plai is not null")) }} as mobilisable_den,
    {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_sous_plafond_plai is null")) }} as mobilisable_inc
{%- endmacro -%}
