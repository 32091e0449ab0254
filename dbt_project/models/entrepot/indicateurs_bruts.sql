{{ config(alias='indicateurs') }}

-- Every figure with its target, unmasked: what marts.indicateurs publishes after the small-cell rule. One row per EPCI,
-- period, indicator, axis, modality and segment.
select
    figures.epci_siren,
    figures.periode_type,
    figures.periode,
    figures.annee,
    figures.indicateur,
    figures.axe,
    figures.modalite,
    libelles.modalite_libelle,
    figures.segment_type,
    figures.segment,
    case when catalogue.nature in ('taux', 'ratio', 'effectif') then figures.numerateur end as numerateur,
    case when catalogue.nature in ('taux', 'ratio') then figures.denominateur end as denominateur,
    case when catalogue.nature <> 'effectif' then figures.inconnus end as inconnus,
    figures.valeur,
    catalogue.unite,
    cibles.cible,
    cibles.operateur,
    cibles.atteint,
    cast(cibles.manque as bigint) as manque,
    case
        when figures.statut_source is not null then figures.statut_source
        when figures.valeur is null then 'indisponible'
        when cibles.est_en_rupture then 'rupture_serie'
        when cibles.statut_objectif = 'sans_objet' then 'sans_objet'
        else 'publiable'
    end as statut,
    {{ libelle_sources(
        'catalogue.source', 'figures.annee', 'figures.periode_type', 'figures.statut_source'
    ) }} as source,
    catalogue.version_methode,
    cibles.objectif,
    catalogue.domaine,
    catalogue.nature,
    catalogue.base_menages,
    parametres.seuil_secret,
    -- The base of a figure that is not a ratio of counts (a median, a score): it decides whether it can be published.
    case when catalogue.nature not in ('taux', 'ratio', 'effectif') then figures.denominateur end as base_mesure
from {{ ref('int_figures_valeurs') }} as figures
inner join {{ ref('ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
inner join {{ ref('int_parametres') }} as parametres on figures.epci_siren = parametres.epci_siren
left join {{ ref('int_figures_libelles') }} as libelles
    on
        figures.epci_siren = libelles.epci_siren
        and figures.axe = libelles.axe
        and figures.modalite = libelles.modalite
left join {{ ref('int_figures_cibles') }} as cibles
    on
        figures.epci_siren = cibles.epci_siren
        and figures.periode_type = cibles.periode_type
        and figures.periode = cibles.periode
        and figures.indicateur = cibles.indicateur
        and figures.axe = cibles.axe
        and figures.modalite = cibles.modalite
        and figures.segment_type = cibles.segment_type
        and figures.segment = cibles.segment
