-- The residences that a written name can mean, whatever the vintage: what attaches a lease, a survey or an opinion to them.
-- Segments of patrimony are none; those of a local list are.
with noms as (

    select
        logements.epci_siren,
        coalesce(logements.bailleur_siren, 'inconnu') as bailleur_siren,
        logements.code_commune,
        residences.cle_residence as cle,
        min(residences.residence) as residence,
        count(distinct logements.ident_rep) as nb_logements
    from {{ ref('int_logement_residence') }} as residences
    inner join {{ ref('dim_logement') }} as logements
        on residences.logement_id = logements.logement_id and residences.millesime = logements.millesime
    where residences.residence is not null and residences.cle_residence is not null
    group by 1, 2, 3, 4

)

select
    epci_siren,
    bailleur_siren,
    code_commune,
    cle,
    residence,
    nb_logements,
    -- Does the name, with the landlord, or by itself, in the EPCI or anywhere, mean this residence alone?
    min(residence) over (partition by bailleur_siren, cle) = max(residence) over (partition by bailleur_siren, cle)
    and min(epci_siren) over (partition by bailleur_siren, cle) = max(epci_siren) over (partition by bailleur_siren, cle)
        as est_seule_du_bailleur,
    min(residence) over (partition by epci_siren, cle) = max(residence) over (partition by epci_siren, cle)
        as est_seule_de_l_epci,
    min(residence) over (partition by cle) = max(residence) over (partition by cle)
    and min(epci_siren) over (partition by cle) = max(epci_siren) over (partition by cle) as est_seule
from noms
