-- Published aggregates of the demand (the State's open base for Île-de-France) for the whole département, the whole region and
-- the communes, as a yardstick: segment `reference`. They are carried as published; the number of old requests is the
-- published share times the published requests.
with membres as (

    {{ communes_des_epci() }}

),

lieux as (

    select distinct
        membres.epci_siren,
        'departement' as niveau,
        communes.departement as code
    from membres
    inner join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
    inner join {{ ref('dim_commune') }} as communes on membres.code_commune = communes.code_commune
    union
    select distinct
        membres.epci_siren,
        'region' as niveau,
        communes.region as code
    from membres
    inner join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
    inner join {{ ref('dim_commune') }} as communes on membres.code_commune = communes.code_commune
    union
    select distinct
        membres.epci_siren,
        'commune' as niveau,
        membres.code_commune as code
    from membres
    inner join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
    union
    select
        epci_siren,
        'epci' as niveau,
        epci_siren as code
    from {{ ref('int_parametres') }}

),

agregats as (

    select
        lieux.epci_siren,
        agregats.millesime as annee,
        lieux.niveau,
        lieux.code,
        {%- for m in ['demandes_choix1', 'attributions', 'delai_median_mois', 'part_anciennete_5ans_plus'] %}
        max(case when agregats.mesure = '{{ m }}' then agregats.valeur end) as {{ m }},
        max(case when agregats.mesure = '{{ m }}' then agregats.statut end) as statut_{{ m }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_sne_agregats') }} as agregats
    inner join lieux on agregats.niveau = lieux.niveau and agregats.code = lieux.code
    group by lieux.epci_siren, agregats.millesime, lieux.niveau, lieux.code

),

figures as (

    select
        epci_siren,
        annee,
        niveau,
        code,
        'demandes' as indicateur,
        demandes_choix1 as numerateur,
        cast(null as decimal(18, 4)) as denominateur,
        cast(null as decimal(18, 4)) as mesure,
        statut_demandes_choix1 as statut
    from agregats
    where statut_demandes_choix1 is not null
    union all
    select
        epci_siren,
        annee,
        niveau,
        code,
        'tension' as indicateur,
        demandes_choix1 as numerateur,
        attributions as denominateur,
        cast(null as decimal(18, 4)) as mesure,
        case when statut_demandes_choix1 = 'publie' then statut_attributions else statut_demandes_choix1 end as statut
    from agregats
    where statut_demandes_choix1 is not null and statut_attributions is not null
    union all
    select
        epci_siren,
        annee,
        niveau,
        code,
        'delai_median' as indicateur,
        cast(null as decimal(18, 4)) as numerateur,
        attributions as denominateur,
        delai_median_mois as mesure,
        statut_delai_median_mois as statut
    from agregats
    where statut_delai_median_mois is not null
    union all
    select
        epci_siren,
        annee,
        niveau,
        code,
        'part_anciennete_5ans' as indicateur,
        round(part_anciennete_5ans_plus * demandes_choix1) as numerateur,
        demandes_choix1 as denominateur,
        cast(null as decimal(18, 4)) as mesure,
        statut_part_anciennete_5ans_plus as statut
    from agregats
    where statut_part_anciennete_5ans_plus is not null

)

select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    indicateur,
    niveau as axe,
    code as modalite,
    'reference' as segment_type,
    'territoire_entier' as segment,
    cast(round(numerateur) as bigint) as numerateur,
    cast(round(denominateur) as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(mesure as double) as mesure,
    case statut when 'publie' then null when 'secret' then 'secret' else 'indisponible' end as statut_source
from figures
