-- Every figure that may be published, after the small-cell rule: the table from which every report is made. One row per
-- EPCI, period, indicator, axis, modality and segment. A figure about households that has no decision is masked.
select
    figures.epci_siren,
    figures.periode_type,
    figures.periode,
    figures.indicateur,
    figures.axe,
    figures.modalite,
    figures.modalite_libelle,
    figures.segment_type,
    figures.segment,
    case when not coalesce(secret.masque_numerateur, figures.base_menages) then figures.numerateur end as numerateur,
    case when not coalesce(secret.masque_denominateur, figures.base_menages) then figures.denominateur end as denominateur,
    case when not coalesce(secret.masque_inconnus, figures.base_menages) then figures.inconnus end as inconnus,
    case when not coalesce(secret.masque_valeur, figures.base_menages) then figures.valeur end as valeur,
    figures.unite,
    case when not coalesce(secret.masque_cible, figures.base_menages) then figures.cible end as cible,
    figures.operateur,
    case
        when not coalesce(secret.masque_valeur or secret.masque_cible, figures.base_menages) then figures.atteint
    end as atteint,
    case
        when
            not coalesce(
                secret.masque_valeur or secret.masque_numerateur or secret.masque_denominateur or secret.masque_cible,
                figures.base_menages
            )
            then figures.manque
    end as manque,
    case
        when
            figures.statut in ('publiable', 'sans_objet', 'rupture_serie')
            and coalesce(secret.masque_valeur, figures.base_menages)
            then 'secret'
        else figures.statut
    end as statut,
    figures.source,
    figures.version_methode
from {{ ref('indicateurs_bruts') }} as figures
left join {{ ref('secret') }} as secret
    on
        figures.epci_siren = secret.epci_siren
        and figures.periode_type = secret.periode_type
        and figures.periode = secret.periode
        and figures.indicateur = secret.indicateur
        and figures.axe = secret.axe
        and figures.modalite = secret.modalite
        and figures.segment_type = secret.segment_type
        and figures.segment = secret.segment
