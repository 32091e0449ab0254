-- The residences of the register: what one landlord names in one commune, whatever the vintage, under the latest of its writings.
-- Two of one name in an EPCI carry their commune and landlord. A group over several communes of the EPCI, or larger than the
-- bound of the year, is a segment of patrimony: a part of the landlord's stock, not a residence.
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

)

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
