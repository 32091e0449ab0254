-- What was let in the year, what was built and what the demand asks for, against the stock: one row per EPCI, vintage, place,
-- characteristic (size, funding, rent band, period, type, energy class, sector) and modality of the characteristic. Requests
-- and leases are those of the year before the vintage. Shares are ratios of the counts shown, NULL when one is.
with parc as (

    select
        epci_siren,
        cast(periode as integer) as millesime,
        axe,
        modalite,
        min(modalite_libelle) as modalite_libelle,
        segment_type,
        segment,
        {%- for i in ['logements', 'logements_loues_annee', 'logements_neufs'] %}
        max(case when indicateur = '{{ i }}' then numerateur end) as {{ i }},
        max(case when indicateur = '{{ i }}' then inconnus end) as {{ i }}_inconnus,
        max(case when indicateur = '{{ i }}' then statut end) as statut_{{ i }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('indicateurs') }}
    where
        periode_type = 'millesime'
        and indicateur in ('logements', 'logements_loues_annee', 'logements_neufs')
        and axe in ('epci', 'commune', 'qpv')
        and segment_type in (
            'tous', 'typologie', 'financement', 'periode_construction', 'type_construction', 'dpe', 'tranche_loyer',
            'secteur'
        )
    group by epci_siren, periode, axe, modalite, segment_type, segment

),

menages as (

    select
        epci_siren,
        cast(periode as integer) + 1 as millesime,
        axe,
        modalite,
        segment_type,
        segment,
        bool_or(petit_effectif) as petit_effectif,
        {%- for i in ['demandes', 'baux', 'tension'] %}
        max(case when indicateur = '{{ i }}' then {{ 'valeur' if i == 'tension' else 'numerateur' }} end) as {{ i }},
        max(case when indicateur = '{{ i }}' then statut end) as statut_{{ i }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('indicateurs') }}
    where
        periode_type = 'annee'
        and indicateur in ('demandes', 'baux', 'tension')
        and axe in ('epci', 'commune')
        and segment_type in ('tous', 'typologie')
    group by epci_siren, periode, axe, modalite, segment_type, segment

)

select
    parc.epci_siren,
    parc.millesime,
    parc.axe,
    parc.modalite,
    parc.modalite_libelle,
    parc.segment_type as caracteristique,
    parc.segment as valeur,
    parc.logements,
    parc.statut_logements,
    parc.logements_loues_annee,
    parc.logements_loues_annee_inconnus,
    parc.statut_logements_loues_annee,
    parc.logements_neufs,
    parc.logements_neufs_inconnus,
    parc.statut_logements_neufs,
    {%- for i in ['logements', 'logements_loues_annee', 'logements_neufs'] %}
    100 * cast(parc.{{ i }} as double) / nullif(totaux.{{ i }}, 0) as part_{{ i }},
    {%- endfor %}
    100 * cast(parc.logements_loues_annee as double) / nullif(totaux.logements_loues_annee, 0)
    - 100 * cast(parc.logements as double) / nullif(totaux.logements, 0) as ecart_loues_parc,
    100 * cast(parc.logements_neufs as double) / nullif(totaux.logements_neufs, 0)
    - 100 * cast(parc.logements as double) / nullif(totaux.logements, 0) as ecart_neufs_parc,
    menages.demandes,
    menages.statut_demandes,
    100 * cast(menages.demandes as double) / nullif(totaux_menages.demandes, 0) as part_demandes,
    menages.baux,
    menages.statut_baux,
    menages.tension,
    -- Adequacy of wanted sizes: what is freed or built in the year against what is asked for.
    100 * cast(parc.logements_loues_annee as double) / nullif(totaux.logements_loues_annee, 0)
    - 100 * cast(menages.demandes as double) / nullif(totaux_menages.demandes, 0) as ecart_loues_demandes,
    100 * cast(parc.logements_neufs as double) / nullif(totaux.logements_neufs, 0)
    - 100 * cast(menages.demandes as double) / nullif(totaux_menages.demandes, 0) as ecart_neufs_demandes,
    coalesce(menages.petit_effectif, false) as petit_effectif
from parc
inner join parc as totaux
    on
        parc.epci_siren = totaux.epci_siren
        and parc.millesime = totaux.millesime
        and parc.axe = totaux.axe
        and parc.modalite = totaux.modalite
        and totaux.segment_type = 'tous'
left join menages
    on
        parc.epci_siren = menages.epci_siren
        and parc.millesime = menages.millesime
        and parc.axe = menages.axe
        and parc.modalite = menages.modalite
        and parc.segment_type = menages.segment_type
        and parc.segment = menages.segment
left join menages as totaux_menages
    on
        parc.epci_siren = totaux_menages.epci_siren
        and parc.millesime = totaux_menages.millesime
        and parc.axe = totaux_menages.axe
        and parc.modalite = totaux_menages.modalite
        and totaux_menages.segment_type = 'tous'
