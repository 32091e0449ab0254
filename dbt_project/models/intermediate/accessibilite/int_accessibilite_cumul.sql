-- Dwellings let or offered, counted once per rate of effort (a row of ref_taux_effort) at the finest crossing of the axes and
-- segments that figures use: every figure is a sum of these rows.
select
    mesures.epci_siren,
    mesures.millesime,
    mesures.code_commune,
    mesures.departement,
    mesures.code_qpv,
    mesures.bailleur_siren,
    mesures.residence,
    mesures.secteur,
    coalesce(mesures.typologie, 'inconnu') as typologie,
    mesures.famille_financement,
    case when couts.est_libere then 'libere' when not couts.est_libere then 'occupe' else 'inconnu' end as disponibilite,
    efforts.taux_pct,
    efforts.est_central,
    {{ compte_accessibles() }},
    {{ compte_mobilisables() }},
    {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_neuf and mesures.famille_financement = 'PLAI'")) }} as plai_num,
    {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_neuf")) }} as plai_den,
    {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_neuf is null")) }} as plai_inc
from {{ ref('int_logement_mesures') }} as mesures
inner join {{ ref('int_accessibilite_logement') }} as couts
    on mesures.logement_id = couts.logement_id and mesures.millesime = couts.millesime
cross join {{ source('seeds', 'ref_taux_effort') }} as efforts
where couts.est_a_louer
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
