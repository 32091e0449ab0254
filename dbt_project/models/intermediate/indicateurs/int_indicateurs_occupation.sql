-- Occupation indicators by survey vintage, in the common shape: sums of landlords' counts. A commune given only inside and
-- outside priority neighbourhoods is their sum; an EPCI is the sum of its communes, unless only the EPCI is given. A row of all
-- landlords (no landlord) is the total of its place: the others are not added to it, and it is none of them.
with jeux as (

    select
        occupation.millesime,
        occupation.epci_siren,
        occupation.niveau,
        occupation.code,
        occupation.code_lu,
        occupation.zone,
        occupation.bailleur_siren,
        occupation.population,
        correspondances.indicateur,
        correspondances.jeu,
        sum(occupation.effectif) as effectif,
        max(occupation.base) as base,
        sum(case when occupation.statut = 'secret' then 1 else 0 end) as nb_secrets
    from {{ ref('fct_occupation') }} as occupation
    inner join {{ source('seeds', 'ref_indicateurs_occupation') }} as correspondances
        on occupation.theme = correspondances.theme and occupation.modalite = correspondances.modalite
    where occupation.epci_siren is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

),

indicateurs as (

    select
        *,
        row_number() over (
            partition by
                millesime, epci_siren, niveau, code, code_lu, zone, bailleur_siren, population, indicateur
            order by jeu nulls last
        ) as rang
    from jeux

),

-- Numerator and base of each occupation indicator, for one landlord, place and population. A theme that has one secret
-- modality among those summed gives no numerator: a partial sum would pass for a whole one. The base is that of
-- the place as the file names it: two merged communes are two rows here, added up by what reads them. A survey that gives a
-- total beside its parts, or the same households under two themes, is counted by the first set of modalities it has.
occupation_taux as (

    select
        millesime,
        epci_siren,
        niveau,
        code,
        code_lu,
        zone,
        bailleur_siren,
        population,
        indicateur,
        case when nb_secrets = 0 then effectif end as numerateur,
        case when nb_secrets = 0 then base end as denominateur,
        nb_secrets
    from indicateurs
    where rang = 1
    union all
    select
        millesime,
        epci_siren,
        niveau,
        code,
        code_lu,
        zone,
        bailleur_siren,
        population,
        'taux_couverture' as indicateur,
        max(nb_menages_repondants) as numerateur,
        max(nb_logements_enquetes) as denominateur,
        0 as nb_secrets
    from {{ ref('fct_occupation') }}
    where epci_siren is not null and nb_logements_enquetes is not null
    group by millesime, epci_siren, niveau, code, code_lu, zone, bailleur_siren, population

),

taux as (

    select
        *,
        bailleur_siren is null as est_total,
        max(case when bailleur_siren is null then 1 else 0 end) over (
            partition by millesime, epci_siren, niveau, code, code_lu, zone, population, indicateur
        ) as a_total
    from occupation_taux

),

communes as (

    select
        *,
        max(case when zone = 'ENSEMBLE' then 1 else 0 end) over (
            partition by millesime, code, bailleur_siren, population, indicateur
        ) as a_ensemble
    from taux
    where niveau = 'commune'

),

ensembles as (

    select *
    from communes
    where zone = 'ENSEMBLE' or a_ensemble = 0

),

epci_connus as (

    select distinct
        millesime,
        epci_siren
    from communes

),

lignes as (

    select millesime, epci_siren, indicateur, population, numerateur, denominateur, nb_secrets,
        'epci' as axe, epci_siren as modalite, 'tous' as segment_type, 'tous' as segment
    from ensembles
    where est_total or a_total = 0
    union all
    select millesime, epci_siren, indicateur, population, numerateur, denominateur, nb_secrets,
        'commune' as axe, code as modalite, 'tous' as segment_type, 'tous' as segment
    from ensembles
    where est_total or a_total = 0
    union all
    select millesime, epci_siren, indicateur, population, numerateur, denominateur, nb_secrets,
        'bailleur' as axe, bailleur_siren as modalite, 'tous' as segment_type, 'tous' as segment
    from ensembles
    where not est_total
    union all
    select millesime, epci_siren, indicateur, population, numerateur, denominateur, nb_secrets,
        'epci' as axe, epci_siren as modalite, 'secteur' as segment_type,
        case when zone = 'QPV' then 'qpv' else 'hors_qpv' end as segment
    from communes
    where zone in ('QPV', 'HORS_QPV') and (est_total or a_total = 0)
    union all
    select millesime, epci_siren, indicateur, population, numerateur, denominateur, nb_secrets,
        'commune' as axe, code as modalite, 'secteur' as segment_type,
        case when zone = 'QPV' then 'qpv' else 'hors_qpv' end as segment
    from communes
    where zone in ('QPV', 'HORS_QPV') and (est_total or a_total = 0)
    union all
    select millesime, epci_siren, indicateur, population, numerateur, denominateur, nb_secrets,
        niveau as axe, code as modalite, 'tous' as segment_type, 'tous' as segment
    from taux
    where niveau in ('qpv', 'zone', 'residence') and (est_total or a_total = 0)
    union all
    select
        taux.millesime, taux.epci_siren, taux.indicateur, taux.population, taux.numerateur, taux.denominateur,
        taux.nb_secrets, 'epci' as axe, taux.code as modalite, 'tous' as segment_type, 'tous' as segment
    from taux
    left join epci_connus
        on taux.millesime = epci_connus.millesime and taux.epci_siren = epci_connus.epci_siren
    where taux.niveau = 'epci' and coalesce(taux.zone, 'ENSEMBLE') = 'ENSEMBLE' and epci_connus.epci_siren is null
        and (taux.est_total or taux.a_total = 0)

)

select
    lignes.epci_siren,
    'millesime' as periode_type,
    cast(lignes.millesime as {{ dbt.type_string() }}) as periode,
    lignes.millesime as annee,
    lignes.indicateur,
    lignes.axe,
    lignes.modalite,
    case
        when lignes.population = 'EMMENAGES_RECENTS' and lignes.segment_type = 'tous' then 'population'
        when lignes.population = 'EMMENAGES_RECENTS' then 'population x ' || lignes.segment_type
        else lignes.segment_type
    end as segment_type,
    case
        when lignes.population = 'EMMENAGES_RECENTS' and lignes.segment_type = 'tous' then 'emmenages_recents'
        when lignes.population = 'EMMENAGES_RECENTS' then 'emmenages_recents x ' || lignes.segment
        else lignes.segment
    end as segment,
    {{ somme('lignes.numerateur') }} as numerateur,
    {{ somme('lignes.denominateur') }} as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure,
    case when sum(lignes.denominateur) is null and sum(lignes.nb_secrets) > 0 then 'secret' end as statut_source
from lignes
inner join {{ ref('int_parametres') }} as parametres on lignes.epci_siren = parametres.epci_siren
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
