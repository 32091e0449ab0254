-- One OPS count: a landlord, a place, a population, a theme and its modality, with the base of the theme. The place is
-- attached to its EPCI; a secret count keeps its status and no value.
{%- set nom_seul_admis = 'lus.bailleur_siren is null or seules.est_de_bailleur_inconnu' %}
with lieux as (

    select
        'qpv' as niveau,
        qpv.code_qpv as code,
        membres.annee,
        min(membres.epci_siren) as epci_siren
    from {{ ref('int_qpv') }} as qpv
    inner join {{ ref('int_epci_membres') }} as membres on qpv.code_commune = membres.code_lu
    group by qpv.code_qpv, membres.annee
    union all
    select
        'commune' as niveau,
        code_lu as code,
        annee,
        epci_siren
    from {{ ref('int_epci_membres') }}
    union all
    select distinct
        'zone' as niveau,
        zones.zone as code,
        annees.annee,
        zones.epci_siren
    from {{ ref('int_zones') }} as zones
    cross join (select distinct millesime as annee from {{ source('ops', 'ops_occupation') }}) as annees

),

-- A survey writes a residence by its landlord and name, at most. Where both landlords are known, they must be one: another
-- territory, perhaps not read here, has residences of the same name.
residences as (

    select distinct
        epci_siren,
        bailleur_siren,
        cle,
        residence
    from {{ ref('int_residences_noms') }}
    where est_seule_du_bailleur

),

seules as (

    select
        min(epci_siren) as epci_siren,
        cle,
        min(residence) as residence,
        max(bailleur_siren = 'inconnu') as est_de_bailleur_inconnu
    from {{ ref('int_residences_noms') }}
    where est_seule
    group by cle

),

lus as (

    select
        occupation.*,
        case
            when occupation.niveau = 'commune' then {{ commune_courante('occupation.code', 'courante') }}
            else occupation.code
        end as code_courant,
        case when occupation.niveau = 'residence' then {{ residence_normalisee('occupation.code') }} end as cle_residence
    from {{ source('ops', 'ops_occupation') }} as occupation
    {{ joindre_commune('occupation.code', 'courante') }}

)

select
    lus.millesime,
    case
        when lus.niveau = 'epci' then lus.code
        else coalesce(lieux.epci_siren, propres.epci_siren, case when {{ nom_seul_admis }} then seules.epci_siren end)
    end as epci_siren,
    lus.niveau,
    coalesce(propres.residence, case when {{ nom_seul_admis }} then seules.residence end, lus.code_courant) as code,
    lus.code as code_lu,
    lus.zone,
    coalesce(bailleurs.bailleur_siren, lus.bailleur_siren) as bailleur_siren,
    lus.population,
    lus.theme,
    lus.modalite,
    case when lus.statut <> 'secret' then lus.effectif end as effectif,
    case when lus.statut <> 'secret' then lus.base end as base,
    lus.nb_logements_enquetes,
    lus.nb_menages_repondants,
    lus.statut,
    lus._fichier,
    lus._ligne
from lus
left join lieux
    on
        lus.niveau = lieux.niveau
        and lus.code = lieux.code
        and lus.millesime = lieux.annee
left join {{ ref('int_bailleurs') }} as bailleurs on lus.bailleur_siren = bailleurs.siren
left join residences as propres
    on
        lus.cle_residence = propres.cle
        and coalesce(bailleurs.bailleur_siren, lus.bailleur_siren) = propres.bailleur_siren
-- By the key alone: whether the name will do is judged above, row by row.
left join seules on lus.cle_residence = seules.cle
