-- The periods for which figures of a territory are made: years, half-years, quarters, and windows of 6 and 12 months that end with each
-- month. A period starts before the last event read; a window is whole: every year it touches is covered.
with annees as (

    select
        epci_siren,
        annee
    from {{ ref('int_annees') }}
    where est_demandee

),

limites as (

    select
        epci_siren,
        max(jour) as dernier_evenement
    from (
        select
            epci_siren,
            date_decision as jour
        from {{ ref('fct_attribution') }}
        union all
        select
            epci_siren,
            date_signature_bail as jour
        from {{ ref('fct_attribution') }}
    ) as evenements
    group by epci_siren

),

mois as (

    select
        annees.epci_siren,
        annees.annee,
        numeros.numero,
        make_date(annees.annee, numeros.numero, 1) as debut
    from annees
    cross join (values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)) as numeros (numero)

),

candidates as (

    select
        epci_siren,
        'annee' as periode_type,
        cast(annee as {{ dbt.type_string() }}) as periode,
        annee,
        debut,
        {{ ajouter_mois('debut', 12) }} as fin_exclue
    from mois
    where numero = 1
    union all
    select
        epci_siren,
        'semestre' as periode_type,
        cast(annee as {{ dbt.type_string() }}) || case when numero = 1 then '-S1' else '-S2' end as periode,
        annee,
        debut,
        {{ ajouter_mois('debut', 6) }} as fin_exclue
    from mois
    where numero in (1, 7)
    union all
    select
        epci_siren,
        'trimestre' as periode_type,
        cast(annee as {{ dbt.type_string() }})
        || case numero when 1 then '-T1' when 4 then '-T2' when 7 then '-T3' else '-T4' end as periode,
        annee,
        debut,
        {{ ajouter_mois('debut', 3) }} as fin_exclue
    from mois
    where numero in (1, 4, 7, 10)
    {%- for duree in [6, 12] %}
    union all
    select
        epci_siren,
        'glissant_{{ duree }}m' as periode_type,
        cast(annee as {{ dbt.type_string() }}) || '-' || right('0' || cast(numero as {{ dbt.type_string() }}), 2) as periode,
        annee,
        {{ ajouter_mois('debut', 1 - duree) }} as debut,
        {{ ajouter_mois('debut', 1) }} as fin_exclue
    from mois
    {%- endfor %}

)

select
    candidates.epci_siren,
    candidates.periode_type,
    candidates.periode,
    candidates.annee,
    candidates.debut,
    candidates.fin_exclue - 1 as fin,
    case
        when candidates.periode_type = 'annee' then 1
        when candidates.periode_type = 'semestre' then 2
        when candidates.periode_type = 'trimestre' then 3
        else 4
    end as niveau
from candidates
left join limites on candidates.epci_siren = limites.epci_siren
where
    (candidates.periode_type = 'annee' or candidates.debut <= limites.dernier_evenement)
    and (
        candidates.periode_type not like 'glissant%'
        or (
            exists (
                select 1
                from annees
                where annees.epci_siren = candidates.epci_siren and annees.annee = extract(year from candidates.debut)
            )
            and date_trunc('month', candidates.fin_exclue - 1) <= date_trunc('month', limites.dernier_evenement)
        )
    )
