-- Threshold and quartile bounds that apply to an EPCI in a year, by the scope its convention states. An Île-de-France
-- commune of an EPCI of regional scope takes its region's single value, and so does an EPCI that no order names. Without
-- an order of the year nor of the year before, there is no threshold.
with territoires as (

    select
        membres.annee,
        membres.epci_siren,
        parametres.portee_seuil_q1 as portee,
        min(communes.region) as region,
        case
            when parametres.portee_seuil_q1 = 'region' then min(communes.region) else membres.epci_siren
        end as code
    from {{ ref('int_epci_membres') }} as membres
    inner join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
    left join {{ ref('dim_commune') }} as communes on membres.code_commune = communes.code_commune
    group by membres.annee, membres.epci_siren, parametres.portee_seuil_q1

),

-- The bounds of the nearest year for which the demand is known.
bornes as (

    select
        territoires.annee,
        territoires.epci_siren,
        quartiles.borne_q2,
        quartiles.borne_q3,
        quartiles.annee as annee_bornes,
        row_number() over (
            partition by territoires.annee, territoires.epci_siren
            order by abs(quartiles.annee - territoires.annee) nulls last, quartiles.annee nulls last
        ) as rang
    from territoires
    inner join {{ ref('int_quartiles_demande') }} as quartiles
        on territoires.portee = quartiles.portee and territoires.code = quartiles.code

)

-- The year's own order, the territory's before its region's; else the order of the year before, in the same order.
select
    territoires.annee,
    territoires.epci_siren,
    territoires.portee,
    territoires.code,
    case
        when seuils.statut = 'exact' then seuils.seuil
        when regionaux.statut = 'exact' then regionaux.seuil
        else coalesce(seuils.seuil, regionaux.seuil)
    end as seuil_q1,
    case
        when seuils.statut = 'exact' or regionaux.statut = 'exact' then territoires.annee
        else coalesce(seuils.annee_reference, regionaux.annee_reference)
    end as annee_seuil_q1,
    case
        when seuils.statut = 'exact' or regionaux.statut = 'exact' then 'exact'
        when seuils.seuil is not null or regionaux.seuil is not null then 'provisoire'
        else 'absent'
    end as statut_seuil_q1,
    coalesce(seuils.seuil_estime, regionaux.seuil_estime) as seuil_q1_estime,
    coalesce(seuils.nb_demandes_estimation, regionaux.nb_demandes_estimation) as nb_demandes_estimation,
    bornes.borne_q2,
    bornes.borne_q3,
    bornes.annee_bornes
from territoires
left join {{ ref('dim_seuil_q1') }} as seuils
    on
        territoires.annee = seuils.annee
        and territoires.portee = seuils.portee
        and territoires.code = seuils.code
left join {{ ref('dim_seuil_q1') }} as regionaux
    on
        territoires.annee = regionaux.annee
        and regionaux.portee = 'region'
        and territoires.region = regionaux.code
left join bornes
    on
        territoires.annee = bornes.annee
        and territoires.epci_siren = bornes.epci_siren
        and bornes.rang = 1
