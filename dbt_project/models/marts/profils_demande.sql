-- Who asks and who is housed: for each dimension (household, size, quartile, age, resources, seniority, housing and work
-- situation, origin, mutation), the share of its modalities among active requests and among the leases of the year, and the gap.
-- One row per EPCI, year, place, dimension and modality. A gap matters when it reaches the seed's points on bases large
-- enough to be read. Shares are ratios of published counts: one that is masked leaves them NULL, with its status.
with figures as (

    select
        epci_siren,
        cast(periode as integer) as annee,
        axe,
        modalite,
        modalite_libelle,
        segment_type as dimension,
        segment as valeur,
        indicateur,
        numerateur,
        petit_effectif,
        statut
    from {{ ref('indicateurs') }}
    where
        periode_type = 'annee'
        and indicateur in ('demandes', 'baux')
        and axe in ('epci', 'commune')
        and segment_type in (
            'tous', 'typologie', 'quartile', 'composition', 'demandeur', 'tranche_age', 'tranche_ressources',
            'tranche_anciennete', 'situation_logement', 'situation_pro', 'origine'
        )

),

lignes as (

    select
        epci_siren,
        annee,
        axe,
        modalite,
        min(modalite_libelle) as modalite_libelle,
        dimension,
        valeur,
        bool_or(petit_effectif) as petit_effectif,
        {%- for i in ['demandes', 'baux'] %}
        max(case when indicateur = '{{ i }}' then numerateur end) as {{ i }},
        max(case when indicateur = '{{ i }}' then statut end) as statut_{{ i }}{{ "," if not loop.last }}
        {%- endfor %}
    from figures
    group by epci_siren, annee, axe, modalite, dimension, valeur

),

-- A modality that no lease (or no request) has is 0 when the other side and its total are known.
completes as (

    select
        lignes.*,
        totaux.demandes as total_demandes,
        totaux.baux as total_baux,
        totaux.petit_effectif as petit_total,
        {%- for i in ['demandes', 'baux'] %}
        case
            when lignes.statut_{{ i }} is null and totaux.{{ i }} is not null then 0
            else lignes.{{ i }}
        end as nb_{{ i }},
        coalesce(lignes.statut_{{ i }}, totaux.statut_{{ i }}, 'indisponible') as statut_nb_{{ i }}{{ "," if not loop.last }}
        {%- endfor %}
    from lignes
    inner join lignes as totaux
        on
            lignes.epci_siren = totaux.epci_siren
            and lignes.annee = totaux.annee
            and lignes.axe = totaux.axe
            and lignes.modalite = totaux.modalite
            and totaux.dimension = 'tous'
    where lignes.dimension <> 'tous'

),

parts as (

    select
        *,
        100 * cast(nb_demandes as double) / nullif(total_demandes, 0) as part_demandes,
        100 * cast(nb_baux as double) / nullif(total_baux, 0) as part_baux
    from completes

)

select
    parts.epci_siren,
    parts.annee,
    parts.axe,
    parts.modalite,
    parts.modalite_libelle,
    parts.dimension,
    parts.valeur,
    parts.nb_demandes as demandes,
    parts.total_demandes,
    parts.part_demandes,
    parts.statut_nb_demandes as statut_demandes,
    parts.nb_baux as baux,
    parts.total_baux,
    parts.part_baux,
    parts.statut_nb_baux as statut_baux,
    parts.part_baux - parts.part_demandes as ecart,
    case
        when parts.part_baux is null or parts.part_demandes is null or parts.valeur = 'inconnu' then null
        else
            abs(parts.part_baux - parts.part_demandes) >= seuils.ecart_notable_points
            and parts.total_baux >= seuils.base_minimale
            and parts.total_demandes >= seuils.base_minimale
    end as est_ecart_notable,
    cast(parts.nb_demandes as double) / nullif(parts.nb_baux, 0) as demandes_par_bail,
    parts.petit_effectif or parts.petit_total as petit_effectif
from parts
inner join {{ source('seeds', 'ref_seuils_occupation') }} as seuils
    on
        {{ dernier_jour('parts.annee') }} >= seuils.debut
        and {{ dernier_jour('parts.annee') }} <= coalesce(seuils.fin, {{ dernier_jour('parts.annee') }})
