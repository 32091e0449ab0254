-- Each priority neighbourhood and local zone against its commune, its EPCI, its département, its region and France, year by
-- year. One row per EPCI, neighbourhood (axis and modality), commune it lies in, indicator, segment and period: a
-- neighbourhood over two communes has a row for each (`rang_commune = 1` keeps one). The 2015 and the 2024 outlines are
-- never mixed: a series stops where its generation stops, and `relation` says what followed. Figures are those of
-- marts.indicateurs; the département, the region and France have their published incomes and aggregates only, because what an
-- EPCI holds of a département is not the département.
{%- set references = ['commune', 'epci', 'departement', 'region', 'france'] %}
with paires as (

    select
        code_qpv_2024 as code_apres,
        code_qpv_2015 as code_avant,
        lower(statut) as statut
    from {{ source('geographie', 'qpv_correspondance') }}
    union
    select
        livrees.code_qpv_2024 as code_apres,
        livrees.code_qpv_2015 as code_avant,
        livrees.statut
    from {{ source('seeds', 'ref_qpv_correspondance') }} as livrees
    where not exists (select 1 from {{ source('geographie', 'qpv_correspondance') }})

),

comptees as (

    select
        *,
        case when code_avant is not null and code_apres is not null then 1 else 0 end as est_paire,
        count(code_avant) over (partition by code_apres) as nb_avant,
        count(code_apres) over (partition by code_avant) as nb_apres
    from paires

),

relations as (

    select
        code_avant,
        code_apres,
        case
            when code_avant is null then 'nouveau'
            when code_apres is null then 'sorti'
            when nb_apres > 1 and nb_avant > 1 then 'recompose'
            when nb_apres > 1 then 'scission'
            when nb_avant > 1 then 'fusion'
            when statut like 'ident%' then 'identique'
            else 'modifie'
        end as relation
    from comptees

),

-- What each priority neighbourhood became from one generation to the next: the official correspondence of the landing folder,
-- else the shipped one. `relation` is read from the pairs: a neighbourhood may be split, merged, new or gone; one that has a
-- single counterpart kept its outline only when the list says so.
qpv_correspondance as (

    select
        code_apres as code_qpv,
        min(relation) as relation,
        {{ liste_de_textes('code_avant', ',') }} as codes_avant,
        cast(null as {{ dbt.type_string() }}) as codes_apres
    from relations
    where code_apres is not null
    group by code_apres
    union all
    select
        code_avant as code_qpv,
        min(relation) as relation,
        cast(null as {{ dbt.type_string() }}) as codes_avant,
        {{ liste_de_textes('code_apres', ',') }} as codes_apres
    from relations
    where code_avant is not null
    group by code_avant

),

logements as (

    select
        logements.epci_siren,
        zones.zone,
        logements.code_commune,
        logements.millesime,
        max(logements.millesime) over (partition by logements.epci_siren, zones.zone) as dernier
    from {{ ref('int_logement_zone') }} as zones
    inner join {{ ref('fct_logement') }} as logements
        on zones.logement_id = logements.logement_id and zones.millesime = logements.millesime

),

lieux as (

    select distinct
        membres.epci_siren,
        'qpv' as axe,
        qpv.code_qpv as modalite,
        qpv.code_commune
    from {{ ref('int_qpv') }} as qpv
    inner join {{ ref('int_epci_membres') }} as membres on qpv.code_commune = membres.code_lu
    union
    select distinct
        epci_siren,
        'zone' as axe,
        zone as modalite,
        code_commune
    from logements
    where millesime = dernier
    union
    select distinct
        epci_siren,
        'zone' as axe,
        zone as modalite,
        valeur as code_commune
    from {{ ref('int_zones') }}
    where critere = 'commune'
    union
    select distinct
        epci_siren,
        'zone' as axe,
        zone as modalite,
        substr(valeur, 1, 5) as code_commune
    from {{ ref('int_zones') }}
    where critere = 'iris'

),

-- The communes that each neighbourhood is compared with: those of a priority neighbourhood, and those where the dwellings of
-- a local zone stand (the latest vintage that knows them), or that the zone's criteria name.
portraits_communes as (

    select
        lieux.epci_siren,
        lieux.axe,
        lieux.modalite,
        lieux.code_commune,
        communes.nom as commune,
        communes.departement,
        communes.region,
        row_number() over (
            partition by lieux.epci_siren, lieux.axe, lieux.modalite order by lieux.code_commune nulls last
        ) as rang_commune,
        count(*) over (partition by lieux.epci_siren, lieux.axe, lieux.modalite) as nb_communes
    from lieux
    left join {{ ref('dim_commune') }} as communes on lieux.code_commune = communes.code_commune

),

quartiers as (

    select
        epci_siren,
        type_zone,
        zone as modalite,
        nom,
        generation,
        debut,
        fin,
        case when type_zone = 'qpv' then 'qpv' else 'zone' end as axe
    from {{ ref('dim_zone') }}
    where epci_siren in (select territoires.epci_siren from {{ ref('dim_territoire') }} as territoires)

),

situes as (

    select
        quartiers.*,
        communes.code_commune,
        communes.commune,
        communes.departement,
        communes.region,
        coalesce(communes.rang_commune, 1) as rang_commune,
        coalesce(communes.nb_communes, 0) as nb_communes,
        correspondances.relation,
        coalesce(correspondances.codes_avant, correspondances.codes_apres) as codes_correspondants
    from quartiers
    left join portraits_communes as communes
        on
            quartiers.epci_siren = communes.epci_siren
            and quartiers.axe = communes.axe
            and quartiers.modalite = communes.modalite
    left join qpv_correspondance as correspondances
        on quartiers.axe = 'qpv' and quartiers.modalite = correspondances.code_qpv

),

figures as (

    select
        indicateurs.epci_siren,
        indicateurs.periode_type,
        indicateurs.periode,
        catalogue.domaine,
        indicateurs.indicateur,
        catalogue.libelle as indicateur_libelle,
        coalesce(propres.type_indicateur, types.type_indicateur) as type_indicateur,
        indicateurs.axe,
        indicateurs.modalite,
        indicateurs.segment_type,
        indicateurs.segment,
        indicateurs.numerateur,
        indicateurs.denominateur,
        indicateurs.inconnus,
        indicateurs.valeur,
        indicateurs.unite,
        indicateurs.statut,
        indicateurs.petit_effectif,
        indicateurs.source
    from {{ ref('indicateurs') }} as indicateurs
    inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on indicateurs.indicateur = catalogue.indicateur
    left join {{ source('seeds', 'ref_types_indicateurs') }} as types
        on catalogue.domaine = types.domaine and types.indicateur is null
    left join {{ source('seeds', 'ref_types_indicateurs') }} as propres on catalogue.indicateur = propres.indicateur
    where
        indicateurs.periode_type in ('annee', 'millesime')
        and indicateurs.axe in ('qpv', 'zone', 'commune', 'epci', 'departement', 'region', 'france')
    union all
    select
        epci_siren,
        periode_type,
        periode,
        domaine,
        indicateur,
        indicateur_libelle,
        type_indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        numerateur,
        denominateur,
        inconnus,
        valeur,
        unite,
        statut,
        petit_effectif,
        source
    from {{ ref('int_portraits_insee') }}

),

-- The part of a département that the EPCI holds is not the département: only published values stand for it.
comparables as (

    select *
    from figures
    where axe in ('commune', 'epci', 'region', 'france') or domaine = 'revenus' or segment_type = 'reference'

),

portraits as (

    select
        situes.*,
        figures.periode_type,
        figures.periode,
        figures.domaine,
        figures.indicateur,
        figures.indicateur_libelle,
        figures.type_indicateur,
        figures.segment_type,
        figures.segment,
        figures.numerateur,
        figures.denominateur,
        figures.inconnus,
        figures.valeur,
        figures.unite,
        figures.statut,
        figures.petit_effectif,
        figures.source,
        {%- for axe in references %}
        {{ axe }}s.valeur as valeur_{{ axe }},
        {%- endfor %}
        {%- for axe in references %}
        {{ axe }}s.statut as statut_{{ axe }}{{ "," if not loop.last }}
        {%- endfor %}
    from situes
    inner join figures
        on
            situes.epci_siren = figures.epci_siren
            and situes.axe = figures.axe
            and situes.modalite = figures.modalite
    {%- for axe in references %}
    left join comparables as {{ axe }}s
        on
            figures.epci_siren = {{ axe }}s.epci_siren
            and figures.periode_type = {{ axe }}s.periode_type
            and figures.periode = {{ axe }}s.periode
            and figures.indicateur = {{ axe }}s.indicateur
            and figures.segment_type = {{ axe }}s.segment_type
            and figures.segment = {{ axe }}s.segment
            and {{ axe }}s.axe = '{{ axe }}'
            {%- if axe == 'commune' %}
            and situes.code_commune = communes.modalite
            {%- elif axe in ['departement', 'region'] %}
            and situes.{{ axe }} = {{ axe }}s.modalite
            {%- endif %}
    {%- endfor %}

),

-- A neighbourhood that no source has a figure for says so, and why.
muets as (

    select situes.*
    from situes
    where not exists (
        select 1
        from portraits
        where
            portraits.epci_siren = situes.epci_siren
            and portraits.axe = situes.axe
            and portraits.modalite = situes.modalite
            and portraits.domaine = 'revenus'
            and portraits.valeur is not null
    )

),

tous as (

    select * from portraits
    union all
    select
        muets.*,
        'millesime' as periode_type,
        cast(null as {{ dbt.type_string() }}) as periode,
        'revenus' as domaine,
        'revenu_median' as indicateur,
        catalogue.libelle as indicateur_libelle,
        cast(null as {{ dbt.type_string() }}) as type_indicateur,
        'concept' as segment_type,
        cast(null as {{ dbt.type_string() }}) as segment,
        cast(null as bigint) as numerateur,
        cast(null as bigint) as denominateur,
        cast(null as bigint) as inconnus,
        cast(null as double) as valeur,
        catalogue.unite,
        'indisponible' as statut,
        false as petit_effectif,
        'FILOSOFI (absent ou incomplet)' as source,
        {%- for axe in references %}
        cast(null as double) as valeur_{{ axe }},
        {%- endfor %}
        {%- for axe in references %}
        cast(null as {{ dbt.type_string() }}) as statut_{{ axe }}{{ "," if not loop.last }}
        {%- endfor %}
    from muets
    inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on catalogue.indicateur = 'revenu_median'

),

-- The oldest value of the same series that is no older than a trend is long, and that no change of definition parts from it.
anterieurs as (

    select
        recents.epci_siren,
        recents.axe,
        recents.modalite,
        recents.rang_commune,
        recents.periode_type,
        recents.periode,
        recents.indicateur,
        recents.segment_type,
        recents.segment,
        anciens.periode as periode_anterieure,
        anciens.valeur as valeur_anterieure,
        row_number() over (
            partition by
                recents.epci_siren, recents.axe, recents.modalite, recents.rang_commune, recents.periode_type, recents.periode,
                recents.indicateur, recents.segment_type, recents.segment
            order by anciens.periode nulls last
        ) as rang
    from tous as recents
    inner join tous as anciens
        on
            recents.epci_siren = anciens.epci_siren
            and recents.axe = anciens.axe
            and recents.modalite = anciens.modalite
            and recents.rang_commune = anciens.rang_commune
            and recents.periode_type = anciens.periode_type
            and recents.indicateur = anciens.indicateur
            and recents.segment_type = anciens.segment_type
            and recents.segment = anciens.segment
    cross join {{ source('seeds', 'ref_tendances') }} as durees
    where
        anciens.valeur is not null
        and recents.valeur is not null
        and cast(anciens.periode as integer) < cast(recents.periode as integer)
        and cast(anciens.periode as integer) >= cast(recents.periode as integer) - durees.duree_annees
        and not exists (
            select 1
            from {{ source('seeds', 'ref_ruptures') }} as ruptures
            where
                ruptures.indicateur = recents.indicateur
                and extract(year from ruptures.date_rupture) > cast(anciens.periode as integer)
                and extract(year from ruptures.date_rupture) <= cast(recents.periode as integer)
        )

)

select
    tous.epci_siren,
    tous.axe,
    tous.type_zone as type_lieu,
    tous.modalite,
    tous.nom as modalite_libelle,
    tous.generation,
    tous.relation,
    tous.codes_correspondants,
    case
        when tous.domaine = 'revenus' and tous.valeur is null and tous.relation = 'nouveau'
            then 'Quartier nouveau : aucun revenu publié sur ce contour'
        when tous.domaine = 'revenus' and tous.valeur is null and tous.axe = 'qpv' and tous.periode is null
            then 'Aucun revenu publié sur ce contour'
        when tous.domaine = 'revenus' and tous.valeur is null and tous.axe = 'zone' and tous.periode is null
            then 'Zone locale : l''Insee ne publie pas de revenu sur ce contour'
        when tous.relation = 'sorti' then 'Quartier sorti de la géographie prioritaire'
        when tous.relation = 'scission' and tous.generation = (select min(generations.generation) from {{ source('seeds', 'ref_qpv_generations') }} as generations)
            then 'Quartier partagé en plusieurs : ' || tous.codes_correspondants
        when tous.relation = 'scission' then 'Quartier issu du partage de ' || tous.codes_correspondants
        when tous.relation = 'fusion' and tous.generation = (select min(generations.generation) from {{ source('seeds', 'ref_qpv_generations') }} as generations)
            then 'Quartier réuni à d''autres dans ' || tous.codes_correspondants
        when tous.relation = 'fusion' then 'Quartier réunissant ' || tous.codes_correspondants
        when tous.relation = 'modifie' then 'Contour modifié ; correspond à ' || tous.codes_correspondants
        when tous.relation = 'identique' then 'Contour identique à ' || tous.codes_correspondants
    end as note,
    tous.code_commune,
    tous.commune,
    cast(tous.rang_commune as integer) as rang_commune,
    cast(tous.nb_communes as integer) as nb_communes,
    tous.departement,
    tous.region,
    tous.periode_type,
    tous.periode,
    tous.domaine,
    tous.indicateur,
    tous.indicateur_libelle,
    tous.segment_type,
    tous.segment,
    tous.numerateur,
    tous.denominateur,
    tous.inconnus,
    tous.valeur,
    tous.unite,
    tous.statut,
    tous.petit_effectif,
    {%- for axe in references %}
    tous.valeur_{{ axe }},
    coalesce(tous.statut_{{ axe }}, 'indisponible') as statut_{{ axe }},
    {%- endfor %}
    {%- for axe in ['commune', 'epci', 'france'] %}
    case when tous.unite in ('%', 'eur_an_uc', 'eur_m2', 'ratio', 'mois', 'points') then tous.valeur - tous.valeur_{{ axe }} end as ecart_{{ axe }},
    {%- endfor %}
    tous.type_indicateur,
    anterieurs.periode_anterieure,
    anterieurs.valeur_anterieure,
    tous.valeur - anterieurs.valeur_anterieure as evolution,
    tous.source
from tous
left join anterieurs
    on
        anterieurs.rang = 1
        and tous.epci_siren = anterieurs.epci_siren
        and tous.axe = anterieurs.axe
        and tous.modalite = anterieurs.modalite
        and tous.rang_commune = anterieurs.rang_commune
        and tous.periode_type = anterieurs.periode_type
        and tous.periode = anterieurs.periode
        and tous.indicateur = anterieurs.indicateur
        and tous.segment_type = anterieurs.segment_type
        and tous.segment = anterieurs.segment
