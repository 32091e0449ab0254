-- The published tables of the stock (Insee, SDES), by place and measure. A commune is its own row, else the sum of its
-- arrondissements or of its IRIS when all are published: of a commune with a secret part nothing is said but that. A territory
-- is the sum of its communes; one that the table leaves out has no dwelling when the table names communes of every département
-- of the mainland, and is unknown otherwise. No rate is averaged.
with membres as (

    {{ communes_des_epci() }}

),

lus as (

    select
        agregats.millesime,
        agregats.niveau,
        agregats.code,
        agregats.mesure,
        agregats.valeur,
        agregats.statut,
        -- Counts can be summed, rates cannot: a rate is carried only where one row is the place.
        agregats.mesure like 'logements%' and agregats.mesure <> 'logements_pour_100_residences' as est_compte,
        case
            when agregats.mesure like 'logements%' and agregats.mesure <> 'logements_pour_100_residences' then agregats.valeur
        end as nombre,
        case
            when agregats.niveau = 'commune' then {{ commune_courante('agregats.code', 'courante') }}
            when agregats.niveau = 'iris' then {{ commune_courante('substr(agregats.code, 1, 5)', 'courante_iris') }}
        end as code_commune,
        -- From the surest to the last resort: the commune, its arrondissements, its IRIS.
        case
            when agregats.niveau = 'iris' then 3
            when coalesce(courante.est_arrondissement, false) then 2
            else 1
        end as rang
    from {{ source('rpls', 'rpls_agregats') }} as agregats
    {{ joindre_commune('agregats.code', 'courante') }}
    {{ joindre_commune('substr(agregats.code, 1, 5)', 'courante_iris') }}

),

communes as (

    select
        millesime,
        code_commune,
        mesure,
        est_compte,
        rang,
        count(*) as nb_parts,
        sum(nombre) as nombre,
        min(valeur) as seule_valeur,
        max(case statut when 'publie' then 0 when 'secret' then 2 else 1 end) as reserve
    from lus
    where code_commune is not null
    group by millesime, code_commune, mesure, est_compte, rang

),

retenues as (

    select communes.*
    from communes
    inner join (
        select
            millesime,
            code_commune,
            mesure,
            min(rang) as rang
        from communes as parties
        group by millesime, code_commune, mesure
    ) as premiers
        on
            communes.millesime = premiers.millesime
            and communes.code_commune = premiers.code_commune
            and communes.mesure = premiers.mesure
            and communes.rang = premiers.rang

),

nationales as (

    select
        lus.millesime,
        lus.mesure
    from lus
    inner join {{ source('seeds', 'ref_departements') }} as departements
        on departements.code_departement = {{ departement_de('lus.code_commune') }}
    where lus.niveau = 'commune' and not departements.est_outre_mer
    group by lus.millesime, lus.mesure
    having
        count(distinct departements.code_departement)
        = (select count(*) from {{ source('seeds', 'ref_departements') }} as tous where not tous.est_outre_mer)

),

places as (

    select
        membres.epci_siren,
        retenues.millesime,
        retenues.mesure,
        'commune' as axe,
        retenues.code_commune as modalite,
        case
            when retenues.reserve = 0 and retenues.est_compte then retenues.nombre
            when retenues.reserve = 0 then retenues.seule_valeur
        end as valeur,
        retenues.est_compte,
        retenues.reserve
    from retenues
    inner join membres on retenues.code_commune = membres.code_commune
    where retenues.est_compte or (retenues.nb_parts = 1 and retenues.rang = 1)
    union all
    select
        membres.epci_siren,
        lus.millesime,
        lus.mesure,
        'iris' as axe,
        lus.code as modalite,
        lus.valeur,
        lus.est_compte,
        case lus.statut when 'publie' then 0 when 'secret' then 2 else 1 end as reserve
    from lus
    inner join membres on lus.code_commune = membres.code_commune
    where lus.niveau = 'iris'
    union all
    select distinct
        membres.epci_siren,
        lus.millesime,
        lus.mesure,
        'qpv' as axe,
        lus.code as modalite,
        lus.valeur,
        lus.est_compte,
        case lus.statut when 'publie' then 0 when 'secret' then 2 else 1 end as reserve
    from lus
    inner join {{ ref('int_qpv') }} as qpv on lus.code = qpv.code_qpv
    inner join membres on qpv.code_commune = membres.code_commune
    where lus.niveau = 'qpv'

),

territoires as (

    select
        comptes.epci_siren,
        comptes.millesime,
        comptes.mesure,
        sum(retenues.nombre) as nombre,
        max(coalesce(retenues.reserve, case when nationales.millesime is null then 1 else 0 end)) as reserve
    from (
        select distinct
            membres.epci_siren,
            membres.code_commune,
            tables.millesime,
            tables.mesure
        from membres
        inner join (
            select distinct
                places.epci_siren,
                places.millesime,
                places.mesure
            from places
            where places.est_compte
        ) as tables on membres.epci_siren = tables.epci_siren
    ) as comptes
    left join retenues
        on
            comptes.code_commune = retenues.code_commune
            and comptes.millesime = retenues.millesime
            and comptes.mesure = retenues.mesure
    left join nationales on comptes.millesime = nationales.millesime and comptes.mesure = nationales.mesure
    group by comptes.epci_siren, comptes.millesime, comptes.mesure

),

tous as (

    select * from places
    union all
    select
        epci_siren,
        millesime,
        mesure,
        'epci' as axe,
        epci_siren as modalite,
        case when reserve = 0 then nombre end as valeur,
        true as est_compte,
        reserve
    from territoires

)

select
    tous.epci_siren,
    tous.millesime,
    tous.mesure,
    tous.axe,
    tous.modalite,
    tous.valeur,
    case tous.reserve when 0 then null when 2 then 'secret' else 'indisponible' end as statut_source
from tous
inner join {{ source('conventions', 'territoires') }} as couverts on tous.epci_siren = couverts.epci_siren
