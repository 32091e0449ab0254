-- The figures that an objective names, with the target in force at the end of the period, whether it is reached, and how
-- many cases are missing. An objective that names the modality wins over one for the whole axis.
with candidats as (

    select
        figures.epci_siren,
        figures.periode_type,
        figures.periode,
        figures.annee,
        figures.indicateur,
        figures.axe,
        figures.modalite,
        figures.segment_type,
        figures.segment,
        figures.numerateur,
        figures.denominateur,
        figures.valeur,
        objectifs.objectif,
        objectifs.operateur,
        objectifs.cible,
        objectifs.statut as statut_objectif,
        -- Keys of the figures to compare with: those of the year before, and the one to approach. NULL joins nothing.
        case
            when objectifs.operateur = '>=N-1' and figures.periode_type = 'annee' then figures.annee - 1
        end as annee_precedente,
        case
            when objectifs.operateur = 'approche' and figures.periode_type = 'annee' then objectifs.cible_indicateur
        end as indicateur_vise,
        row_number() over (
            partition by
                figures.epci_siren, figures.periode_type, figures.periode, figures.indicateur, figures.axe,
                figures.modalite, figures.segment_type, figures.segment
            order by
                case when objectifs.modalite is null then 1 else 0 end,
                case objectifs.statut when 'fixe' then 0 when 'suivi' then 1 else 2 end,
                objectifs.debut desc nulls last,
                objectifs.objectif nulls last
        ) as rang
    from {{ ref('int_figures_valeurs') }} as figures
    inner join {{ ref('dim_objectif') }} as objectifs
        on
            figures.epci_siren = objectifs.epci_siren
            and figures.indicateur = objectifs.indicateur
            and figures.axe = objectifs.axe
            and figures.segment_type = objectifs.segment_type
            and figures.segment = objectifs.segment
    where
        figures.modalite = coalesce(objectifs.modalite, figures.modalite)
        -- Rows that do not say whose they are have no target: an objective is somebody's.
        and (objectifs.modalite is not null or ' x ' || figures.modalite || ' x ' not like '% x inconnu x %')
        and figures.date_fin >= coalesce(objectifs.debut, figures.date_fin)
        and figures.date_fin <= coalesce(objectifs.fin, figures.date_fin)

),

annuelles as (

    select
        epci_siren,
        annee,
        indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        numerateur,
        denominateur,
        valeur
    from {{ ref('int_figures_valeurs') }}
    where periode_type = 'annee'

),

-- A figure whose definition changed between a year and the one before is not compared with it.
ruptures as (

    select distinct
        indicateur,
        cast(extract(year from date_rupture) as integer) as annee
    from {{ source('seeds', 'ref_ruptures') }}

),

cibles as (

    select
        candidats.*,
        precedentes.numerateur as numerateur_precedent,
        precedentes.denominateur as denominateur_precedent,
        ruptures.annee is not null as est_en_rupture,
        case
            when candidats.operateur = '>=N-1' then case when ruptures.annee is null then precedentes.valeur end
            when candidats.operateur = 'approche' then coalesce(visees.valeur, candidats.cible)
            else candidats.cible
        end as cible_retenue
    from candidats
    left join annuelles as precedentes
        on
            candidats.annee_precedente = precedentes.annee
            and candidats.epci_siren = precedentes.epci_siren
            and candidats.indicateur = precedentes.indicateur
            and candidats.axe = precedentes.axe
            and candidats.modalite = precedentes.modalite
            and candidats.segment_type = precedentes.segment_type
            and candidats.segment = precedentes.segment
    left join annuelles as visees
        on
            candidats.indicateur_vise = visees.indicateur
            and candidats.annee = visees.annee
            and candidats.epci_siren = visees.epci_siren
            and candidats.epci_siren = visees.modalite
            and candidats.segment_type = visees.segment_type
            and candidats.segment = visees.segment
    left join ruptures
        on candidats.indicateur = ruptures.indicateur and candidats.annee_precedente + 1 = ruptures.annee
    where candidats.rang = 1

)

select
    cibles.epci_siren,
    cibles.periode_type,
    cibles.periode,
    cibles.indicateur,
    cibles.axe,
    cibles.modalite,
    cibles.segment_type,
    cibles.segment,
    cibles.objectif,
    cibles.statut_objectif,
    case when cibles.statut_objectif <> 'sans_objet' then cibles.operateur end as operateur,
    cibles.cible_retenue as cible,
    cibles.est_en_rupture,
    case
        when cibles.valeur is null or cibles.cible_retenue is null then null
        when cibles.operateur in ('>=', '<=')
            then {{ cible_atteinte(
                'cibles.operateur', 'cibles.cible_retenue', 'cibles.numerateur', 'cibles.denominateur'
            ) }}
        when cibles.operateur = '>=N-1'
            then
                cibles.numerateur * cibles.denominateur_precedent
                >= cibles.numerateur_precedent * cibles.denominateur
        -- "Approach" is reached when the figure is not below its aim.
        when cibles.operateur = 'approche' then cibles.valeur >= cibles.cible_retenue
    end as atteint,
    case
        when cibles.valeur is null or cibles.cible_retenue is null then null
        -- The aim to approach is a ratio of its own: held in millionths, it could ask for one more case than its equal.
        when cibles.operateur = 'approche' and cibles.valeur >= cibles.cible_retenue then 0
        when cibles.operateur = '>=N-1'
            then {{ plus_grand(
                division_entiere(
                    'cibles.numerateur_precedent * cibles.denominateur + cibles.denominateur_precedent - 1',
                    'nullif(cibles.denominateur_precedent, 0)'
                ) ~ ' - cibles.numerateur',
                '0'
            ) }}
        when cibles.operateur in ('>=', 'approche', '<=')
            then {{ ecart_a_la_cible(
                'cibles.operateur', 'cibles.cible_retenue', 'cibles.numerateur', 'cibles.denominateur', 'parametres.arrondi_manque'
            ) }}
    end as manque
from cibles
inner join {{ ref('int_parametres') }} as parametres on cibles.epci_siren = parametres.epci_siren
