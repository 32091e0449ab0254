-- Demand indicators on 31 December of each year, in the common shape. A median of an even number of requests is the mean of the
-- two middle ones.
{%- set mesures = mesures_demande() %}
with cumules as (

    {% for axe in axes_demande() %}
    {%- set axe_premier = loop.first %}
    {%- for segment in segments_demande() if segment == 'tous' or axe.axe in ['epci', 'commune'] %}
    {%- if not (axe_premier and loop.first) %}
    union all
    {% endif %}
    select
        epci_siren,
        annee,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        '{{ segment }}' as segment_type,
        {{ "'tous'" if segment == 'tous' else "coalesce(" ~ segment ~ ", 'inconnu')" }} as segment,
        {%- for m in mesures %}
        {%- for suffixe in ['num', 'den', 'inc'] %}
        {{ somme(m ~ '_' ~ suffixe) }} as {{ m }}_{{ suffixe }},
        {%- endfor %}
        {%- endfor %}
        cast(percentile_cont(0.5) within group (order by anciennete_jours) as double) as anciennete_jours
    from {{ ref('int_demande_mesures') }}
    where {{ axe.colonnes[0] }} is not null
    group by 1, 2, 3, 4, 5, 6
    {%- endfor %}
    {%- endfor %}

),

demande as (

    {% for m in mesures %}
    select
        epci_siren,
        'annee' as periode_type,
        cast(annee as {{ dbt.type_string() }}) as periode,
        annee,
        '{{ m }}' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        {{ m }}_num as numerateur,
        {{ m }}_den as denominateur,
        {{ m }}_inc as inconnus,
        cast(null as double) as mesure
    from cumules
    union all
    {% endfor %}
    select
        cumules.epci_siren,
        'annee' as periode_type,
        cast(cumules.annee as {{ dbt.type_string() }}) as periode,
        cumules.annee,
        'anciennete' as indicateur,
        cumules.axe,
        cumules.modalite,
        cumules.segment_type,
        cumules.segment,
        cast(null as bigint) as numerateur,
        cumules.demandes_num as denominateur,
        cast(null as bigint) as inconnus,
        cumules.anciennete_jours * bornes.mois_par_an / nullif(bornes.jours_par_an, 0) as mesure
    from cumules
    inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on
            {{ dernier_jour('cumules.annee') }} >= bornes.debut
            and {{ dernier_jour('cumules.annee') }} <= coalesce(bornes.fin, {{ dernier_jour('cumules.annee') }})

),

demandes as (

    select *
    from demande
    where indicateur = 'demandes' and axe in ('epci', 'commune', 'departement')

),

baux as (

    select *
    from {{ ref('int_indicateurs_attribution') }}
    where indicateur = 'baux' and periode_type = 'annee'

),

-- The counts of leases that were made: a territory, a year, an axis and a segment.
comptes as (

    select distinct
        epci_siren,
        annee,
        axe,
        segment_type
    from baux

),

-- How many leases of the place do not say to which segment they belong.
muets as (

    select
        epci_siren,
        annee,
        axe,
        modalite,
        segment_type,
        {{ somme('numerateur') }} as nb,
        {{ somme("case when segment = 'inconnu' then numerateur else 0 end") }} as nb_inconnus
    from baux
    group by epci_siren, annee, axe, modalite, segment_type

),

-- Tension: active requests on 31 December over leases signed in the year, on the axes and segments whose leases are counted.
-- A count that nobody made is no denominator, nor is that of a segment that too many leases of the place do not tell: no
-- figure is written. A count that was made and is 0 gives no ratio; it is never 0.
tension as (

    select
        demandes.epci_siren,
        demandes.periode_type,
        demandes.periode,
        demandes.annee,
        'tension' as indicateur,
        demandes.axe,
        demandes.modalite,
        demandes.segment_type,
        demandes.segment,
        demandes.numerateur,
        coalesce(baux.numerateur, 0) as denominateur,
        cast(null as bigint) as inconnus,
        cast(null as double) as mesure
    from demandes
    inner join comptes
        on
            demandes.epci_siren = comptes.epci_siren
            and demandes.annee = comptes.annee
            and demandes.axe = comptes.axe
            and demandes.segment_type = comptes.segment_type
    inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on
            {{ dernier_jour('demandes.annee') }} >= bornes.debut
            and {{ dernier_jour('demandes.annee') }} <= coalesce(bornes.fin, {{ dernier_jour('demandes.annee') }})
    left join baux
        on
            demandes.epci_siren = baux.epci_siren
            and demandes.periode = baux.periode
            and demandes.axe = baux.axe
            and demandes.modalite = baux.modalite
            and demandes.segment_type = baux.segment_type
            and demandes.segment = baux.segment
    left join muets
        on
            demandes.epci_siren = muets.epci_siren
            and demandes.annee = muets.annee
            and demandes.axe = muets.axe
            and demandes.modalite = muets.modalite
            and demandes.segment_type = muets.segment_type
    where
        demandes.segment_type = 'tous'
        or demandes.segment = 'inconnu'
        or muets.nb is null
        or 100 * muets.nb_inconnus <= bornes.inconnus_pct_max * muets.nb

)

select * from demande
union all
select * from tension
