-- Supply figures in the common shape: dwellings let in the year and new ones, by the characteristics of the stock; technical
-- vacancy; how concentrated the landlords are. The stock itself by size, funding, period, type and energy class is in
-- int_indicateurs_parc; its rent bands are here.
{%- set segments = [
    {'type': 'typologie', 'colonne': 'typologie'}, {'type': 'financement', 'colonne': 'famille_financement'},
    {'type': 'periode_construction', 'colonne': 'periode_construction'},
    {'type': 'type_construction', 'colonne': 'type_construction'}, {'type': 'dpe', 'colonne': 'dpe_energie'},
    {'type': 'tranche_loyer', 'colonne': 'tranche_loyer'}, {'type': 'secteur', 'colonne': 'secteur'},
] %}
{%- set mesures = mesures_offre() %}
with cumules as (

    {% for axe in axes_parc() %}
    select
        epci_siren,
        millesime,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        'tous' as segment_type,
        'tous' as segment,
        {%- for m in mesures %}
        {%- for suffixe in ['num', 'den', 'inc'] %}
        {{ somme(m ~ '_' ~ suffixe) }} as {{ m }}_{{ suffixe }},
        {%- endfor %}
        {%- endfor %}
        {{ somme('logements_num') }} as logements_num
    from {{ ref('int_logement_mesures') }}
    {%- if axe.axe == 'qpv' %}
    where secteur = 'qpv'
    {%- elif axe.axe == 'residence' %}
    where residence is not null
    {%- endif %}
    group by 1, 2, 3, 4, 5, 6
    union all
    {%- endfor %}
    {%- for segment in segments %}
    {%- set premier = loop.first %}
    {%- for axe in axes_parc() if axe.axe in ['epci', 'commune', 'qpv'] %}
    {%- if not (premier and loop.first) %}
    union all
    {%- endif %}
    select
        epci_siren,
        millesime,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        '{{ segment.type }}' as segment_type,
        coalesce({{ segment.colonne }}, 'inconnu') as segment,
        {%- for m in mesures %}
        {%- for suffixe in ['num', 'den', 'inc'] %}
        {{ somme(m ~ '_' ~ suffixe) }} as {{ m }}_{{ suffixe }},
        {%- endfor %}
        {%- endfor %}
        {{ somme('logements_num') }} as logements_num
    from {{ ref('int_logement_mesures') }}
    {%- if axe.axe == 'qpv' %}
    where secteur = 'qpv'
    {%- endif %}
    group by 1, 2, 3, 4, 5, 6
    {%- endfor %}
    {%- endfor %}

),

-- Landlords of each place, the largest first.
bailleurs as (

    {%- for axe in ['epci', 'commune', 'qpv'] %}
    {%- set colonne = {'epci': 'epci_siren', 'commune': 'code_commune', 'qpv': 'code_qpv'}[axe] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        epci_siren,
        millesime,
        '{{ axe }}' as axe,
        {{ colonne }} as modalite,
        bailleur_siren,
        count(*) as nb,
        row_number() over (
            partition by epci_siren, millesime, {{ colonne }}
            order by count(*) desc nulls last, bailleur_siren nulls last
        ) as rang,
        sum(count(*)) over (partition by epci_siren, millesime, {{ colonne }}) as total
    from {{ ref('int_logement_mesures') }}
    where bailleur_siren is not null and {{ colonne }} is not null
    group by epci_siren, millesime, {{ colonne }}, bailleur_siren
    {%- endfor %}

),

anonymes as (

    {%- for axe in ['epci', 'commune', 'qpv'] %}
    {%- set colonne = {'epci': 'epci_siren', 'commune': 'code_commune', 'qpv': 'code_qpv'}[axe] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        epci_siren,
        millesime,
        '{{ axe }}' as axe,
        {{ colonne }} as modalite,
        count(*) as nb
    from {{ ref('int_logement_mesures') }}
    where bailleur_siren is null and {{ colonne }} is not null
    group by epci_siren, millesime, {{ colonne }}
    {%- endfor %}

),

concentration as (

    select
        bailleurs.epci_siren,
        bailleurs.millesime,
        bailleurs.axe,
        bailleurs.modalite,
        rangs.segment_type,
        rangs.segment,
        {{ somme('case when bailleurs.rang <= rangs.rang_max then bailleurs.nb else 0 end') }} as numerateur,
        max(bailleurs.total) as denominateur,
        coalesce(max(anonymes.nb), 0) as inconnus
    from bailleurs
    cross join {{ source('seeds', 'ref_rangs_bailleurs') }} as rangs
    left join anonymes
        on
            bailleurs.epci_siren = anonymes.epci_siren
            and bailleurs.millesime = anonymes.millesime
            and bailleurs.axe = anonymes.axe
            and bailleurs.modalite = anonymes.modalite
    group by 1, 2, 3, 4, 5, 6

),

figures as (

    {%- for m in ['logements_loues_annee', 'logements_neufs'] %}
    select
        epci_siren,
        millesime,
        '{{ m }}' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        {{ m }}_num as numerateur,
        cast(null as bigint) as denominateur,
        {{ m }}_inc as inconnus
    from cumules
    where {{ m }}_den > 0
    union all
    {%- endfor %}
    select
        epci_siren,
        millesime,
        'vacance_technique' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        vacance_technique_num as numerateur,
        vacance_technique_den as denominateur,
        vacance_technique_inc as inconnus
    from cumules
    where segment_type in ('tous', 'secteur') and vacance_technique_den > 0
    union all
    select
        epci_siren,
        millesime,
        'logements' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        logements_num as numerateur,
        cast(null as bigint) as denominateur,
        cast(0 as bigint) as inconnus
    from cumules
    where segment_type = 'tranche_loyer' or (axe = 'qpv' and segment_type not in ('tous', 'secteur'))
    union all
    select
        epci_siren,
        millesime,
        'concentration_bailleurs' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        numerateur,
        denominateur,
        inconnus
    from concentration

)

select
    epci_siren,
    'millesime' as periode_type,
    cast(millesime as {{ dbt.type_string() }}) as periode,
    millesime as annee,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    cast(numerateur as bigint) as numerateur,
    cast(denominateur as bigint) as denominateur,
    cast(inconnus as bigint) as inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from figures
