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
    cast(sum({{ compte('couts.taux_effort <= efforts.taux_pct') }}) as bigint) as accessible_num,
    cast(sum({{ compte('couts.taux_effort is not null') }}) as bigint) as accessible_den,
    cast(sum({{ compte('couts.taux_effort is null') }}) as bigint) as accessible_inc,
    cast(sum({{ compte("couts.secteur = 'hors_qpv' and couts.est_sous_plafond_plai") }}) as bigint) as mobilisable_num,
    cast(sum({{ compte("couts.secteur = 'hors_qpv' and couts.est_sous_plafond_plai is not null") }}) as bigint) as mobilisable_den,
    cast(sum({{ compte("couts.secteur = 'hors_qpv' and couts.est_sous_plafond_plai is null") }}) as bigint) as mobilisable_inc,
    cast(sum({{ compte("couts.secteur = 'hors_qpv' and couts.est_neuf and mesures.famille_financement = 'PLAI'") }}) as bigint) as plai_num,
    cast(sum({{ compte("couts.secteur = 'hors_qpv' and couts.est_neuf") }}) as bigint) as plai_den,
    cast(sum({{ compte("couts.secteur = 'hors_qpv' and couts.est_neuf is null") }}) as bigint) as plai_inc
from {{ ref('int_logement_mesures') }} as mesures
inner join {{ ref('int_accessibilite_logement') }} as couts
    on mesures.logement_id = couts.logement_id and mesures.millesime = couts.millesime
cross join {{ ref('ref_taux_effort') }} as efforts
where couts.est_a_louer
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
