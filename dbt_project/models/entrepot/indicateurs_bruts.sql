{{ config(alias='indicateurs') }}

-- Every figure with its target, unmasked: what marts.indicateurs publishes after the small-cell rule. One row per EPCI,
-- period, indicator, axis, modality and segment.
with figures as (

    select
        figures.*,
        catalogue.unite,
        catalogue.nature,
        catalogue.domaine,
        catalogue.base_menages,
        catalogue.version_methode,
        catalogue.source as sources_indicateur,
        parametres.arrondi_manque,
        parametres.seuil_secret,
        case
            when figures.statut_source is not null then null
            when catalogue.nature = 'taux'
                then 100 * cast(figures.numerateur as double) / nullif(cast(figures.denominateur as double), 0)
            when catalogue.nature = 'ratio'
                then cast(figures.numerateur as double) / nullif(cast(figures.denominateur as double), 0)
            when catalogue.nature = 'effectif' then cast(figures.numerateur as double)
            else figures.mesure
        end as valeur,
        case
            when figures.periode_type = 'millesime' then {{ premier_jour('figures.annee') }}
            when figures.periode_type = 'annee' then {{ dernier_jour('figures.annee') }}
            else periodes.fin
        end as date_fin
    from {{ ref('int_figures') }} as figures
    inner join {{ ref('ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
    inner join {{ ref('int_parametres') }} as parametres on figures.epci_siren = parametres.epci_siren
    left join {{ ref('dim_periode') }} as periodes
        on figures.periode_type = periodes.periode_type and figures.periode = periodes.periode

),

-- The objective of a figure: one that names its modality wins over one for the whole axis.
objectifs as (

    select
        figures.epci_siren,
        figures.periode_type,
        figures.periode,
        figures.indicateur,
        figures.axe,
        figures.modalite,
        figures.segment_type,
        figures.segment,
        objectifs.operateur,
        objectifs.cible,
        objectifs.cible_indicateur,
        objectifs.statut as statut_objectif,
        objectifs.objectif,
        row_number() over (
            partition by
                figures.epci_siren, figures.periode_type, figures.periode, figures.indicateur, figures.axe,
                figures.modalite, figures.segment_type, figures.segment
            order by
                case when objectifs.modalite is null then 1 else 0 end,
                case objectifs.statut when 'fixe' then 0 when 'suivi' then 1 else 2 end,
                objectifs.debut desc nulls last,
                objectifs.objectif
        ) as rang
    from figures
    inner join {{ ref('dim_objectif') }} as objectifs
        on
            figures.epci_siren = objectifs.epci_siren
            and figures.indicateur = objectifs.indicateur
            and figures.axe = objectifs.axe
            and figures.segment_type = objectifs.segment_type
            and figures.segment = objectifs.segment
            and figures.modalite = coalesce(objectifs.modalite, figures.modalite)
            and figures.date_fin >= coalesce(objectifs.debut, figures.date_fin)
            and figures.date_fin <= coalesce(objectifs.fin, figures.date_fin)

),

-- A figure whose definition changed between a year and the one before is not compared with it.
ruptures as (

    select distinct
        indicateur,
        extract(year from date_rupture) as annee
    from {{ ref('ref_ruptures') }}

),

cibles as (

    select
        figures.*,
        objectifs.operateur,
        objectifs.statut_objectif,
        objectifs.objectif,
        precedentes.numerateur as numerateur_precedent,
        precedentes.denominateur as denominateur_precedent,
        precedentes.valeur as valeur_precedente,
        visees.valeur as valeur_visee,
        ruptures.annee is not null and objectifs.operateur = '>=N-1' as est_en_rupture,
        case
            when objectifs.operateur = '>=N-1' and ruptures.annee is null then precedentes.valeur
            when objectifs.operateur = 'approche' then coalesce(visees.valeur, objectifs.cible)
            else objectifs.cible
        end as cible
    from figures
    left join objectifs
        on
            figures.epci_siren = objectifs.epci_siren
            and figures.periode_type = objectifs.periode_type
            and figures.periode = objectifs.periode
            and figures.indicateur = objectifs.indicateur
            and figures.axe = objectifs.axe
            and figures.modalite = objectifs.modalite
            and figures.segment_type = objectifs.segment_type
            and figures.segment = objectifs.segment
            and objectifs.rang = 1
    left join figures as precedentes
        on
            objectifs.operateur in ('>=N-1', 'approche')
            and figures.periode_type = 'annee'
            and precedentes.periode_type = 'annee'
            and figures.annee = precedentes.annee + 1
            and figures.epci_siren = precedentes.epci_siren
            and figures.indicateur = precedentes.indicateur
            and figures.axe = precedentes.axe
            and figures.modalite = precedentes.modalite
            and figures.segment_type = precedentes.segment_type
            and figures.segment = precedentes.segment
    left join figures as visees
        on
            objectifs.operateur = 'approche'
            and objectifs.cible_indicateur = visees.indicateur
            and visees.periode_type = 'annee'
            and figures.annee = visees.annee
            and figures.epci_siren = visees.epci_siren
            and visees.axe = 'epci'
            and visees.segment_type = 'tous'
    left join ruptures on figures.indicateur = ruptures.indicateur and figures.annee = ruptures.annee

),

compares as (

    select
        *,
        case
            when valeur is null or cible is null then null
            when operateur = '>=' then numerateur * 1000000 >= {{ cible_millioniemes('cible') }} * denominateur
            when operateur = '<=' then numerateur * 1000000 <= {{ cible_millioniemes('cible') }} * denominateur
            when operateur = '>=N-1'
                then numerateur * denominateur_precedent >= numerateur_precedent * denominateur
            -- "Approach" is reached when the figure is not below its aim.
            when operateur = 'approche' then valeur >= cible
        end as atteint,
        case
            when valeur is null or cible is null then null
            when operateur in ('>=', 'approche')
                then greatest({{ nombre_cible('cible', 'denominateur', 'arrondi_manque') }} - numerateur, 0)
            when operateur = '>=N-1'
                then greatest(
                    {{ division_entiere(
                        "numerateur_precedent * denominateur + denominateur_precedent - 1",
                        "nullif(denominateur_precedent, 0)"
                    ) }} - numerateur, 0
                )
            -- For a cap: how many too many.
            when operateur = '<='
                then greatest(
                    numerateur - {{ division_entiere(cible_millioniemes('cible') ~ " * denominateur", "1000000") }}, 0
                )
        end as manque
    from cibles

)

select
    compares.epci_siren,
    compares.periode_type,
    compares.periode,
    compares.annee,
    compares.indicateur,
    compares.axe,
    compares.modalite,
    coalesce(
        noms.libelle,
        case
            when compares.axe like '% x %'
                then
                    coalesce(gauche.libelle, split_part(compares.modalite, ' x ', 1))
                    || ' × ' || coalesce(droite.libelle, split_part(compares.modalite, ' x ', 2))
            when compares.modalite = 'inconnu' then 'Non renseigné'
            else compares.modalite
        end
    ) as modalite_libelle,
    compares.segment_type,
    compares.segment,
    case when compares.nature in ('taux', 'ratio', 'effectif') then compares.numerateur end as numerateur,
    case when compares.nature in ('taux', 'ratio') then compares.denominateur end as denominateur,
    compares.inconnus,
    compares.valeur,
    compares.unite,
    compares.cible,
    compares.operateur,
    compares.atteint,
    compares.manque,
    case
        when compares.statut_source is not null then compares.statut_source
        when compares.valeur is null then 'indisponible'
        when compares.est_en_rupture then 'rupture_serie'
        when compares.statut_objectif = 'sans_objet' then 'sans_objet'
        else 'publiable'
    end as statut,
    {{ libelle_sources('compares.sources_indicateur', 'compares.annee', 'compares.periode_type', 'compares.statut_source') }} as source,
    compares.version_methode,
    compares.objectif,
    compares.domaine,
    compares.nature,
    compares.base_menages,
    compares.seuil_secret,
    -- The base of a figure that is not a ratio of counts (a median, a score): it decides whether the figure can be published.
    case when compares.nature not in ('taux', 'ratio', 'effectif') then compares.denominateur end as base_mesure
from compares
left join {{ ref('int_modalites') }} as noms
    on
        compares.axe = noms.axe
        and compares.modalite = noms.modalite
        and coalesce(noms.epci_siren, compares.epci_siren) = compares.epci_siren
left join {{ ref('int_modalites') }} as gauche
    on
        compares.axe like '% x %'
        and split_part(compares.axe, ' x ', 1) = gauche.axe
        and split_part(compares.modalite, ' x ', 1) = gauche.modalite
        and gauche.epci_siren is null
left join {{ ref('int_modalites') }} as droite
    on
        compares.axe like '% x %'
        and split_part(compares.axe, ' x ', 2) = droite.axe
        and split_part(compares.modalite, ' x ', 2) = droite.modalite
        and droite.epci_siren is null
