-- What a household of the first quartile can pay for: dwellings accessible by rate of effort, dwellings outside priority
-- neighbourhoods under the PLAI ceiling, those freed in the year, new PLAI, and which accessible dwellings went to the first
-- quartile. One row per EPCI, period, axis, modality and segment; the scales and hypotheses used are on the row.
{%- set indicateurs = ['accessible_q1', 'mobilisable_q1', 'plai_neufs_hors_qpv', 'accessible_q1_attribues'] %}
with figures as (

    select
        epci_siren,
        periode_type,
        periode,
        axe,
        modalite,
        min(modalite_libelle) as modalite_libelle,
        segment_type,
        segment,
        {%- for i in indicateurs %}
        max(case when indicateur = '{{ i }}' then valeur end) as {{ i }},
        {%- for c in ['numerateur', 'denominateur', 'inconnus', 'statut'] %}
        max(case when indicateur = '{{ i }}' then {{ c }} end) as {{ i }}_{{ c }},
        {%- endfor %}
        {%- endfor %}
        bool_or(petit_effectif) as petit_effectif,
        min(source) as source
    from {{ ref('indicateurs') }}
    where indicateur in ('{{ indicateurs | join("', '") }}')
    group by epci_siren, periode_type, periode, axe, modalite, segment_type, segment

),

baremes as (

    select
        epci_siren,
        millesime,
        max(seuil_q1) as seuil_q1,
        max(annee_seuil_q1) as annee_seuil_q1,
        max(debut_bareme) as debut_bareme_apl,
        max(charges_eur_m2_mois) as charges_eur_m2_mois
    from {{ ref('int_accessibilite_menages') }}
    group by epci_siren, millesime

)

select
    figures.*,
    cast(baremes.seuil_q1 as double) as seuil_q1,
    baremes.annee_seuil_q1,
    baremes.debut_bareme_apl,
    baremes.charges_eur_m2_mois,
    (select bool_and(plafonds.est_verifie) from {{ source('seeds', 'ref_plafonds_loyer_plai') }} as plafonds) as plafonds_plai_verifies
from figures
left join baremes
    on
        figures.epci_siren = baremes.epci_siren
        and baremes.millesime
        = cast(figures.periode as integer) + case when figures.periode_type = 'annee' then 1 else 0 end
