{{ config(severity='warn') }}
-- Leases whose first quartile is told by the order of another year: the figure stands, its reader should know.
select
    evenements.epci_siren,
    evenements.annee,
    evenements.annee_seuil_q1,
    count(*) as nb_baux
from {{ ref('fct_evenement_attribution') }} as evenements
where
    evenements.evenement = 'bail_signe'
    and (evenements.annee_seuil_q1 is null or evenements.annee_seuil_q1 <> evenements.annee)
group by evenements.epci_siren, evenements.annee, evenements.annee_seuil_q1
