-- The residence of each dwelling of the register at each vintage: what the register names, for all its dwellings and not only those
-- that were let. A local list that names dwellings by their number wins: of the residence (zone of type `residence`), or of any
-- kind where the register only knows a segment of patrimony.
with listes as (

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
left join {{ ref('int_residences') }} as residences
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
