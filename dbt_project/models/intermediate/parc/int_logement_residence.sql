-- The residence of each dwelling of the register at each vintage: what the register names, for all its dwellings and not only those
-- that were let. A local list that names dwellings by their number wins: of the residence (zone of type `residence`), or of any
-- kind where the register only knows a segment of patrimony.
with ecrits as (

    select
        logements.epci_siren,
        logements.millesime,
        coalesce(logements.bailleur_siren, 'inconnu') as bailleur_siren,
        logements.code_commune,
        logements.segment_patrimoine,
        count(*) as nb_logements
    from {{ ref('dim_logement') }} as logements
    inner join {{ ref('int_parametres') }} as parametres on logements.epci_siren = parametres.epci_siren
    where logements.segment_patrimoine is not null and logements.code_commune is not null
    group by 1, 2, 3, 4, 5

),

normalises as (

    select
        *,
        {{ residence_normalisee('segment_patrimoine') }} as cle
    from ecrits

),

groupes as (

    select
        epci_siren,
        millesime,
        bailleur_siren,
        code_commune,
        cle,
        min(segment_patrimoine) as libelle,
        sum(nb_logements) as nb_logements
    from normalises
    where cle is not null
    group by epci_siren, millesime, bailleur_siren, code_commune, cle

),

juges as (

    select
        groupes.*,
        count(*) over (
            partition by groupes.epci_siren, groupes.millesime, groupes.bailleur_siren, groupes.cle
        ) > 1
        or groupes.nb_logements > bornes.logements_residence_max as est_segment,
        row_number() over (
            partition by groupes.epci_siren, groupes.bailleur_siren, groupes.code_commune, groupes.cle
            order by groupes.millesime desc nulls last
        ) as rang
    from groupes
    inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on
            {{ premier_jour('groupes.millesime') }} >= bornes.debut
            and {{ premier_jour('groupes.millesime') }} <= coalesce(bornes.fin, {{ premier_jour('groupes.millesime') }})

),

libelles as (

    select
        epci_siren,
        bailleur_siren,
        code_commune,
        cle,
        libelle,
        count(*) over (partition by epci_siren, cle) as nb_homonymes
    from juges
    where rang = 1

),

-- The residences of the register: what one landlord names in one commune, whatever the vintage, under the latest of its writings.
-- Two of one name in an EPCI carry their commune and landlord. A group over several communes of the EPCI, or larger than the
-- bound of the year, is a segment of patrimony: a part of the landlord's stock, not a residence.
residences as (

    select
        normalises.epci_siren,
        normalises.millesime,
        normalises.bailleur_siren,
        normalises.code_commune,
        normalises.segment_patrimoine,
        normalises.cle,
        juges.est_segment,
        case
            when juges.est_segment or libelles.nb_homonymes = 1 then libelles.libelle
            else libelles.libelle || ' (' || libelles.code_commune || ', ' || libelles.bailleur_siren || ')'
        end as residence
    from normalises
    inner join juges
        on
            normalises.epci_siren = juges.epci_siren
            and normalises.millesime = juges.millesime
            and normalises.bailleur_siren = juges.bailleur_siren
            and normalises.code_commune = juges.code_commune
            and normalises.cle = juges.cle
    inner join libelles
        on
            normalises.epci_siren = libelles.epci_siren
            and normalises.bailleur_siren = libelles.bailleur_siren
            and normalises.code_commune = libelles.code_commune
            and normalises.cle = libelles.cle

),

listes as (

    select
        logements.logement_id,
        logements.millesime,
        zones.nom,
        zones.type_zone = 'residence' as est_residence,
        row_number() over (
            partition by logements.logement_id, logements.millesime
            order by case when zones.type_zone = 'residence' then 0 else 1 end, zones.zone nulls last, zones.nom nulls last
        ) as rang
    from {{ ref('dim_logement') }} as logements
    inner join {{ ref('int_zones') }} as zones
        on
            logements.epci_siren = zones.epci_siren
            and zones.critere = 'num_rpls'
            and logements.ident_rep = zones.valeur
            and {{ premier_jour('logements.millesime') }}
            >= coalesce(zones.debut, {{ premier_jour('logements.millesime') }})
            and {{ premier_jour('logements.millesime') }}
            <= coalesce(zones.fin, {{ premier_jour('logements.millesime') }})

)

select
    logements.logement_id,
    logements.millesime,
    case
        when listes.est_residence or residences.est_segment then listes.nom
        else residences.residence
    end as residence,
    -- What a list that names a residence is compared with.
    case
        when listes.est_residence or residences.est_segment then {{ residence_normalisee('listes.nom') }}
        else residences.cle
    end as cle_residence,
    case when residences.est_segment and listes.nom is null then residences.residence end as segment_patrimoine
from {{ ref('dim_logement') }} as logements
left join residences
    on
        logements.epci_siren = residences.epci_siren
        and logements.millesime = residences.millesime
        and coalesce(logements.bailleur_siren, 'inconnu') = residences.bailleur_siren
        and logements.code_commune = residences.code_commune
        and logements.segment_patrimoine = residences.segment_patrimoine
left join listes
    on
        logements.logement_id = listes.logement_id
        and logements.millesime = listes.millesime
        and listes.rang = 1
where residences.residence is not null or listes.est_residence
