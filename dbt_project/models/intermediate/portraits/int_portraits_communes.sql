-- The communes that each neighbourhood is compared with: those of a priority neighbourhood, and those where the dwellings of
-- a local zone stand (the latest vintage that knows them), or that the zone's criteria name.
with logements as (

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

)

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
