{{ config(alias='seuils_q1') }}
-- The threshold of each year in which a territory signed leases and, in words, what is missing, where to
-- find it and where to put it. The estimate made from the requests stands beside: it judges nothing.
with annees as (

    select
        epci_siren,
        annee
    from {{ ref('fct_evenement_attribution') }}
    where evenement = 'bail_signe'
    group by epci_siren, annee

)

select
    seuils.epci_siren,
    seuils.annee,
    seuils.portee,
    seuils.code,
    seuils.statut_seuil_q1 as statut,
    seuils.seuil_q1 as seuil,
    seuils.annee_seuil_q1 as annee_reference,
    seuils.seuil_q1_estime as seuil_estime,
    seuils.nb_demandes_estimation,
    case seuils.statut_seuil_q1
        when 'absent'
            then
                'Aucun seuil du premier quartile pour ' || cast(seuils.annee as {{ dbt.type_string() }})
                || ' ni pour l''année précédente : les objectifs hors QPV et en QPV de l''année ne peuvent pas être jugés, quel que'
                || ' soit le nombre de ménages relogés.'
        when 'provisoire'
            then
                'Le seuil du premier quartile de ' || cast(seuils.annee as {{ dbt.type_string() }})
                || ' manque : celui de l''année précédente sert, à titre provisoire.'
    end
    || ' Le seuil est fixé par l''arrêté annuel pris pour l''article L. 441-1 du code de la construction et de l''habitation'
    || ' (Légifrance). Écrire dans un fichier CSV du dossier referentiels/'
    || cast(seuils.annee as {{ dbt.type_string() }}) || '/ du dossier de dépôt les colonnes annee;portee;code;seuil et la ligne '
    || cast(seuils.annee as {{ dbt.type_string() }}) || ';' || seuils.portee || ';' || seuils.code
    || ';<seuil en euros par an et par unité de consommation>, puis reconstruire.' as message
from {{ ref('int_seuils_epci') }} as seuils
inner join annees on seuils.epci_siren = annees.epci_siren and seuils.annee = annees.annee
