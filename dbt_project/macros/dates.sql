{#- Dates of a calendar year. -#}

{%- macro premier_jour(annee) -%}
    make_date(cast({{ annee }} as integer), 1, 1)
{%- endmacro -%}

{%- macro dernier_jour(annee) -%}
    make_date(cast({{ annee }} as integer), 12, 31)
{%- endmacro -%}

{#- Whole months from one date to another, by the calendar: twelve on the anniversary, eleven the day before. -#}
{%- macro mois_revolus(debut, fin) -%}
    (
        12 * (extract(year from {{ fin }}) - extract(year from {{ debut }}))
        + extract(month from {{ fin }}) - extract(month from {{ debut }})
        - case when extract(day from {{ fin }}) < extract(day from {{ debut }}) then 1 else 0 end
    )
{%- endmacro -%}

{#- The month under which an event is summed on an axis whose finest period is a year, a half-year, or less: fewer rows to
    roll up, and the same sums. -#}
{%- macro mois_de_niveau(mois, niveau) -%}
    {%- if niveau == 1 -%}
    cast(date_trunc('year', {{ mois }}) as date)
    {%- elif niveau == 2 -%}
    {{ ajouter_mois("date_trunc('year', " ~ mois ~ ")", "case when extract(month from " ~ mois ~ ") > 6 then 6 else 0 end") }}
    {%- else -%}
    {{ mois }}
    {%- endif -%}
{%- endmacro -%}

{#- The months of each period, so that monthly sums roll up by an equality join. -#}
{%- macro mois_des_periodes() -%}
select
    periodes.epci_siren,
    periodes.periode_type,
    periodes.periode,
    periodes.annee,
    periodes.niveau,
    decalages.numero as rang_mois,
    {{ ajouter_mois('periodes.debut', 'decalages.numero') }} as mois
from {{ ref('dim_periode') }} as periodes
cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11)) as decalages (numero)
where {{ ajouter_mois('periodes.debut', 'decalages.numero') }} <= periodes.fin
{%- endmacro -%}

{#- Keeps the years that each territory's data cover and that the run asks for, of facts that have a territory and a year. -#}
{%- macro joindre_annees_demandees(faits) -%}
    inner join {{ ref('int_annees') }} as annees
        on {{ faits }}.epci_siren = annees.epci_siren and {{ faits }}.annee = annees.annee and annees.est_demandee
{%- endmacro -%}
