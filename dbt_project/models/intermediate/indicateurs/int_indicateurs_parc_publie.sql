-- Stock indicators read in the published tables, in the common shape, where no dwelling is held. Counts are counts; a rate or a
-- mean rent is the published one, without a base. The vacancy of counts is that of the register: let or offered.
with
-- The published tables of the stock, for the territories and vintages of which no dwelling is held; where some are, they only
-- check its figures (meta_totaux_officiels).
parc_publie as (

    select agregats.*
    from {{ ref('int_parc_agregats') }} as agregats
    where not exists (
        select 1
        from {{ ref('dim_logement') }} as detail
        where detail.epci_siren = agregats.epci_siren and detail.millesime = agregats.millesime
    )

),

lieux as (

    select
        epci_siren,
        millesime,
        axe,
        modalite,
        {%- set mesures = [
            'logements', 'logements_en_qpv', 'logements_loues', 'logements_vacants', 'taux_vacance', 'taux_vacance_3mois',
            'taux_rotation', 'loyer_moyen'
        ] %}
        {%- for m in mesures %}
        max(case when mesure = '{{ m }}' then valeur end) as {{ m }},
        max(case when mesure = '{{ m }}' then coalesce(statut_source, 'publie') end) as statut_{{ m }}{{ "," if not loop.last }}
        {%- endfor %}
    from parc_publie
    group by epci_siren, millesime, axe, modalite

),

figures as (

    select
        lieux.*,
        'logements' as indicateur,
        logements as numerateur,
        cast(null as decimal(18, 4)) as denominateur,
        cast(null as decimal(18, 4)) as mesure,
        statut_logements as statut
    from lieux
    where statut_logements is not null
    union all
    select
        lieux.*,
        'part_qpv' as indicateur,
        logements_en_qpv as numerateur,
        logements as denominateur,
        cast(null as decimal(18, 4)) as mesure,
        case when statut_logements = 'publie' then statut_logements_en_qpv else statut_logements end as statut
    from lieux
    where statut_logements_en_qpv is not null and statut_logements is not null
    union all
    select
        lieux.*,
        'vacance' as indicateur,
        logements_vacants as numerateur,
        logements_loues + logements_vacants as denominateur,
        cast(null as decimal(18, 4)) as mesure,
        case when statut_logements_vacants = 'publie' then statut_logements_loues else statut_logements_vacants end as statut
    from lieux
    where statut_logements_vacants is not null and statut_logements_loues is not null
    union all
    select
        lieux.*,
        'vacance' as indicateur,
        cast(null as decimal(18, 4)) as numerateur,
        cast(null as decimal(18, 4)) as denominateur,
        taux_vacance as mesure,
        statut_taux_vacance as statut
    from lieux
    where statut_taux_vacance is not null and (statut_logements_vacants is null or statut_logements_loues is null)
    {%- for indicateur, mesure in [
        ('vacance_3mois', 'taux_vacance_3mois'), ('mobilite', 'taux_rotation'), ('loyer_m2', 'loyer_moyen')
    ] %}
    union all
    select
        lieux.*,
        '{{ indicateur }}' as indicateur,
        cast(null as decimal(18, 4)) as numerateur,
        cast(null as decimal(18, 4)) as denominateur,
        {{ mesure }} as mesure,
        statut_{{ mesure }} as statut
    from lieux
    where statut_{{ mesure }} is not null
    {%- endfor %}

)

select
    epci_siren,
    'millesime' as periode_type,
    cast(millesime as {{ dbt.type_string() }}) as periode,
    millesime as annee,
    indicateur,
    axe,
    modalite,
    'tous' as segment_type,
    'tous' as segment,
    cast(round(numerateur) as bigint) as numerateur,
    cast(round(denominateur) as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(mesure as double) as mesure,
    nullif(statut, 'publie') as statut_source
from figures
