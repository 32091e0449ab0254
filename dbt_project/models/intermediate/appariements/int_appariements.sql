-- What should meet between sources, counted: one row per control, territory and year. Where one of the two sides is not
-- there, there is no row: nothing is known from what is absent. `fichier` and `premiere_ligne` are those of a row that
-- meets nothing.
with annees as (

    select
        epci_siren,
        annee
    from {{ ref('int_annees') }}
    where est_demandee

),

baux as (

    select
        attributions.epci_siren,
        annees.annee,
        attributions.num_rpls,
        attributions.logement_id,
        attributions.bailleur_siren,
        attributions.reservataire,
        lues.code_qpv,
        attributions._fichier,
        attributions._ligne
    from {{ ref('fct_attribution') }} as attributions
    inner join {{ ref('stg_sne__attributions') }} as lues on attributions.attribution_id = lues.attribution_id
    inner join annees
        on
            attributions.epci_siren = annees.epci_siren
            and extract(year from attributions.date_signature_bail) = annees.annee
    where attributions.est_bail_signe

),

-- The register that pairs with a year; an open one has no dwelling numbers: nothing can be found in it.
repertoires as (

    select distinct
        epci_siren,
        millesime - 1 as annee
    from {{ ref('fct_logement') }}
    where ident_rep is not null and epci_siren is not null

),

quartiers as (

    select distinct
        membres.epci_siren,
        membres.annee,
        qpv.code_qpv,
        substr(qpv.code_qpv, 1, 2) as prefixe
    from {{ ref('int_qpv') }} as qpv
    inner join {{ ref('int_epci_membres') }} as membres on qpv.code_commune = membres.code_commune
    where membres.epci_siren is not null

),

-- A list is whole for every territory when the landing folder gives it, for those it knows when it is shipped.
listes_de_quartiers as (

    select
        epci_siren,
        prefixe
    from quartiers
    union
    select
        territoires.epci_siren,
        substr(lus.code_qpv, 1, 2) as prefixe
    from {{ source('geographie', 'qpv_communes') }} as lus
    cross join {{ ref('int_parametres') }} as territoires

),

-- Landlords that somebody else than the allocations themselves names: a list, a convention, the register.
bailleurs as (

    select distinct bailleur_siren
    from {{ ref('int_bailleurs') }}
    where
        siren in (select lus.siren from {{ source('referentiels', 'ref_bailleurs') }} as lus)
        or siren in (select lus.siren from {{ source('conventions', 'convention_bailleurs') }} as lus)
        or siren in (
            select lus.siren_bailleur from {{ ref('stg_rpls__logements') }} as lus where lus.siren_bailleur is not null
        )

),

lignes as (

    select
        'logement_au_repertoire' as controle,
        baux.epci_siren,
        baux.annee,
        baux.logement_id is not null as est_apparie,
        baux._fichier,
        baux._ligne
    from baux
    inner join repertoires on baux.epci_siren = repertoires.epci_siren and baux.annee = repertoires.annee
    where baux.num_rpls is not null
    union all
    select
        'qpv_du_territoire' as controle,
        baux.epci_siren,
        baux.annee,
        quartiers.code_qpv is not null as est_apparie,
        baux._fichier,
        baux._ligne
    from baux
    inner join listes_de_quartiers
        on baux.epci_siren = listes_de_quartiers.epci_siren and substr(baux.code_qpv, 1, 2) = listes_de_quartiers.prefixe
    left join quartiers
        on
            baux.epci_siren = quartiers.epci_siren
            and baux.annee = quartiers.annee
            and baux.code_qpv = quartiers.code_qpv
    union all
    select
        'bailleur_connu' as controle,
        baux.epci_siren,
        baux.annee,
        bailleurs.bailleur_siren is not null as est_apparie,
        baux._fichier,
        baux._ligne
    from baux
    left join bailleurs on baux.bailleur_siren = bailleurs.bailleur_siren
    where exists (select 1 from bailleurs as connus)
    union all
    select
        'reservataire_connu' as controle,
        baux.epci_siren,
        baux.annee,
        contingents.code is not null as est_apparie,
        baux._fichier,
        baux._ligne
    from baux
    left join {{ source('seeds', 'ref_contingents') }} as contingents on baux.reservataire = contingents.code
    union all
    select
        'commune_attributions' as controle,
        cast(null as {{ dbt.type_string() }}) as epci_siren,
        cast(
            extract(year from coalesce(attributions.date_signature_bail, attributions.date_decision)) as integer
        ) as annee,
        attributions.epci_siren is not null as est_apparie,
        attributions._fichier,
        attributions._ligne
    from {{ ref('fct_attribution') }} as attributions
    where
        attributions.code_commune is not null
        -- Where no territory has a year of its own, every row counts: it is what the control is there to say.
        and (
            extract(year from coalesce(attributions.date_signature_bail, attributions.date_decision))
            in (select couvertes.annee from annees as couvertes)
            or (
                coalesce(attributions.date_signature_bail, attributions.date_decision) is not null
                and not exists (select 1 from annees as couvertes)
            )
        )
    union all
    select
        'commune_demandes' as controle,
        cast(null as {{ dbt.type_string() }}) as epci_siren,
        demandes.annee,
        demandes.epci_siren_choix1 is not null as est_apparie,
        demandes._fichier,
        demandes._ligne
    from {{ ref('fct_demande') }} as demandes
    where demandes.code_commune_choix1 is not null
    union all
    select
        'commune_parc' as controle,
        cast(null as {{ dbt.type_string() }}) as epci_siren,
        logements.millesime as annee,
        logements.epci_siren is not null as est_apparie,
        logements._fichier,
        logements._ligne
    from {{ ref('fct_logement') }} as logements
    where logements.code_commune is not null
    union all
    select
        'commune_occupation' as controle,
        cast(null as {{ dbt.type_string() }}) as epci_siren,
        occupation.millesime as annee,
        occupation.epci_siren is not null as est_apparie,
        occupation._fichier,
        occupation._ligne
    from {{ ref('fct_occupation') }} as occupation
    where occupation.niveau = 'commune'

),

par_fichier as (

    select
        controle,
        epci_siren,
        annee,
        _fichier,
        sum(case when est_apparie then 1 else 0 end) as nombre,
        count(*) as total,
        min(case when not est_apparie then _ligne end) as premiere_ligne
    from lignes
    group by controle, epci_siren, annee, _fichier

),

fichiers as (

    select
        *,
        row_number() over (
            partition by controle, epci_siren, annee
            order by case when premiere_ligne is null then 1 else 0 end, _fichier nulls last
        ) as rang
    from par_fichier

),

-- Counts that are compared from one year, or from one source, to another: such a rate may exceed 100.
comptes as (

    select
        'baux' as compte,
        epci_siren,
        annee,
        count(*) as nombre
    from baux
    group by epci_siren, annee
    union all
    select
        'mises_en_location' as compte,
        logements.epci_siren,
        logements.millesime - 1 as annee,
        count(*) as nombre
    from {{ ref('fct_logement') }} as logements
    where extract(year from logements.date_bail) = logements.millesime - 1
    group by logements.epci_siren, logements.millesime
    union all
    select
        'demandes' as compte,
        epci_siren_choix1 as epci_siren,
        annee,
        count(*) as nombre
    from {{ ref('fct_demande') }}
    group by epci_siren_choix1, annee
    union all
    select
        'logements' as compte,
        epci_siren,
        millesime as annee,
        count(*) as nombre
    from {{ ref('fct_logement') }}
    where est_dans_le_parc
    group by epci_siren, millesime
    union all
    select
        'occupation' as compte,
        epci_siren,
        millesime as annee,
        count(*) as nombre
    from {{ ref('fct_occupation') }}
    group by epci_siren, millesime

),

rapports as (

    select
        'baux_et_mises_en_location' as controle,
        baux.epci_siren,
        baux.annee,
        baux.nombre,
        autres.nombre as total
    from comptes as baux
    inner join comptes as autres
        on
            baux.epci_siren = autres.epci_siren
            and baux.annee = autres.annee
            and autres.compte = 'mises_en_location'
    where baux.compte = 'baux'
    union all
    select
        compte || '_et_avant' as controle,
        epci_siren,
        annee,
        nombre,
        nombre_avant as total
    from (
        select
            *,
            lag(nombre) over (partition by compte, epci_siren order by annee nulls last) as nombre_avant
        from comptes
        where compte <> 'mises_en_location'
    ) as suites
    where nombre_avant is not null

)

-- `contrepartie`: rows of the other side that should be met. A register in which hardly a lease begins that year is not
-- that of the leases: finding nothing in it proves nothing.
select
    fichiers.controle,
    fichiers.epci_siren,
    fichiers.annee,
    cast(sum(fichiers.nombre) as bigint) as nombre,
    cast(sum(fichiers.total) as bigint) as total,
    min(case when fichiers.rang = 1 and fichiers.premiere_ligne is not null then fichiers._fichier end) as fichier,
    min(case when fichiers.rang = 1 then fichiers.premiere_ligne end) as premiere_ligne,
    cast(
        case when fichiers.controle = 'logement_au_repertoire' then coalesce(max(mises_en_location.nombre), 0) end as bigint
    ) as contrepartie
from fichiers
left join comptes as mises_en_location
    on
        mises_en_location.compte = 'mises_en_location'
        and fichiers.epci_siren = mises_en_location.epci_siren
        and fichiers.annee = mises_en_location.annee
group by fichiers.controle, fichiers.epci_siren, fichiers.annee
union all
select
    rapports.controle,
    rapports.epci_siren,
    rapports.annee,
    cast(rapports.nombre as bigint) as nombre,
    cast(rapports.total as bigint) as total,
    cast(null as {{ dbt.type_string() }}) as fichier,
    cast(null as bigint) as premiere_ligne,
    cast(null as bigint) as contrepartie
from rapports
inner join {{ ref('int_parametres') }} as territoires on rapports.epci_siren = territoires.epci_siren
