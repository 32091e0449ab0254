-- The parameters of each convention, one row per EPCI. The event that an objective counts, when it names one, wins over
-- the convention's parameter.
with parametres as (

    select
        epci_siren,
        {%- for nom in [
            'inconnus_au_denominateur', 'arrondi_manque', 'egalite_seuil', 'evenement_hors_qpv', 'evenement_qpv',
            'evenement_prioritaires', 'evenement_mutations', 'releves_qpv', 'generation_qpv',
            'base_bailleur_prioritaires', 'territoire_demande', 'portee_seuil_q1', 'mesure_revenu',
            'millesime_rpls', 'millesime_ops', 'millesime_filosofi', 'seuil_secret', 'ressources_douteuses'
        ] %}
        max(case when parametre = '{{ nom }}' then valeur end) as {{ nom }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ source('conventions_publiees', 'convention_parametres') }}
    group by epci_siren

),

evenements as (

    select
        objectifs.epci_siren,
        max(case when indicateurs.famille_evenement = 'hors_qpv' then objectifs.evenement end) as evenement_hors_qpv,
        max(case when indicateurs.famille_evenement = 'qpv' then objectifs.evenement end) as evenement_qpv,
        max(
            case when indicateurs.famille_evenement = 'prioritaires' then objectifs.evenement end
        ) as evenement_prioritaires,
        max(
            case when indicateurs.famille_evenement = 'mutations' then objectifs.evenement end
        ) as evenement_mutations
    from {{ source('conventions_publiees', 'convention_objectifs') }} as objectifs
    inner join {{ source('seeds', 'ref_indicateurs') }} as indicateurs on objectifs.indicateur = indicateurs.indicateur
    group by objectifs.epci_siren

)

select
    parametres.epci_siren,
    parametres.inconnus_au_denominateur,
    parametres.arrondi_manque,
    parametres.egalite_seuil,
    parametres.ressources_douteuses,
    coalesce(evenements.evenement_hors_qpv, parametres.evenement_hors_qpv) as evenement_hors_qpv,
    coalesce(evenements.evenement_qpv, parametres.evenement_qpv) as evenement_qpv,
    coalesce(evenements.evenement_prioritaires, parametres.evenement_prioritaires) as evenement_prioritaires,
    coalesce(evenements.evenement_mutations, parametres.evenement_mutations) as evenement_mutations,
    parametres.releves_qpv,
    parametres.generation_qpv,
    parametres.base_bailleur_prioritaires,
    parametres.territoire_demande,
    parametres.portee_seuil_q1,
    parametres.mesure_revenu,
    parametres.millesime_rpls,
    parametres.millesime_ops,
    parametres.millesime_filosofi,
    cast(parametres.seuil_secret as integer) as seuil_secret
from parametres
left join evenements on parametres.epci_siren = evenements.epci_siren
