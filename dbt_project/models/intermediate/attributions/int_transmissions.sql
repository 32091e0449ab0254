-- What each landlord sent to the prefect for a half-year: the first sending counts for the date, and it is complete when
-- every sending says so.
select
    transmissions.epci_siren,
    coalesce(bailleurs.bailleur_siren, transmissions.bailleur_siren) as bailleur_siren,
    transmissions.semestre,
    min(transmissions.date_transmission) as date_transmission,
    {{ somme('transmissions.nb_attributions') }} as nb_attributions,
    bool_and(transmissions.est_complete) as est_complete
from {{ source('sne', 'sne_transmissions') }} as transmissions
left join {{ ref('int_bailleurs') }} as bailleurs on transmissions.bailleur_siren = bailleurs.siren
group by 1, 2, 3
