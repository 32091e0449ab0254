-- What would reach each target that the whole territory missed in a year: how many more leases there (fewer, for a cap), at each landlord, in each
-- commune and for each size, with what was signed; the same for the second half of the year, which says what the next one
-- gives if nothing changes; and, outside neighbourhoods, the dwellings within reach of a first-quartile income that were let to others.
with manques as (

    select
        figures.epci_siren,
        figures.periode,
        figures.indicateur,
        figures.segment_type as segment_type_vise,
        figures.segment as segment_vise,
        figures.operateur,
        figures.cible,
        figures.statut,
        catalogue.famille_evenement
    from {{ ref('indicateurs') }} as figures
    inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
    where
        figures.periode_type = 'annee'
        and figures.axe = 'epci'
        and figures.unite = '%'
        and figures.cible is not null
        and not figures.atteint

),

-- A size is a split of the whole territory, that of an objective on all sizes: of the figures that are kept, the one whose
-- segment is not what the objective aims at.
lieux as (

    select
        manques.*,
        figures.periode_type,
        case when figures.segment_type <> manques.segment_type_vise then 'typologie' else figures.axe end as axe,
        case
            when figures.segment_type <> manques.segment_type_vise then figures.segment else figures.modalite
        end as modalite,
        case
            when figures.segment_type <> manques.segment_type_vise then figures.segment else figures.modalite_libelle
        end as modalite_libelle,
        figures.numerateur,
        figures.denominateur,
        figures.inconnus,
        figures.valeur,
        figures.petit_effectif,
        -- An actor's own target is his; else the territory's is what all of them together must reach.
        coalesce(case when figures.operateur = manques.operateur then figures.cible end, manques.cible) as cible_retenue,
        case when figures.operateur = manques.operateur then figures.manque end as manque_propre
    from manques
    inner join {{ ref('indicateurs') }} as figures
        on
            manques.epci_siren = figures.epci_siren
            and manques.indicateur = figures.indicateur
            and (
                figures.periode_type = 'annee' and manques.periode = figures.periode
                or figures.periode_type = 'semestre' and figures.periode = manques.periode || '-S2'
            )
    where
        figures.axe in ('epci', 'bailleur', 'commune')
        and (
            figures.segment_type = manques.segment_type_vise and figures.segment = manques.segment_vise
            or manques.segment_type_vise = 'tous' and figures.axe = 'epci' and figures.segment_type = 'typologie'
        )

),

comptes as (

    select
        lieux.*,
        coalesce(
            lieux.manque_propre,
            {{ ecart_a_la_cible(
                'lieux.operateur', 'lieux.cible_retenue', 'lieux.numerateur', 'lieux.denominateur', 'parametres.arrondi_manque'
            ) }}
        ) as manque
    from lieux
    inner join {{ ref('int_parametres') }} as parametres on lieux.epci_siren = parametres.epci_siren

),

accessibles as (

    select
        epci_siren,
        periode,
        axe,
        modalite,
        denominateur - numerateur as autres,
        denominateur,
        petit_effectif
    from {{ ref('indicateurs') }}
    where
        indicateur = 'accessible_q1_attribues'
        and periode_type = 'annee'
        and segment_type = 'secteur'
        and segment = 'hors_qpv'

)

select
    annees.epci_siren,
    cast(annees.periode as integer) as annee,
    annees.indicateur,
    annees.segment_type_vise as segment_type,
    annees.segment_vise as segment,
    annees.axe,
    annees.modalite,
    annees.modalite_libelle,
    cast(annees.denominateur as bigint) as base,
    cast(annees.numerateur as bigint) as comptees,
    cast(annees.inconnus as bigint) as inconnus,
    annees.valeur,
    annees.cible_retenue as cible,
    annees.operateur,
    cast(annees.manque as bigint) as manque,
    cast({{ division_entiere('annees.manque + 11', '12') }} as bigint) as manque_par_mois,
    cast(semestres.denominateur as bigint) as base_semestre,
    cast(semestres.numerateur as bigint) as comptees_semestre,
    cast(semestres.manque as bigint) as manque_semestre,
    cast(accessibles.denominateur as bigint) as accessibles,
    cast(accessibles.autres as bigint) as accessibles_a_d_autres,
    annees.petit_effectif
    or coalesce(semestres.petit_effectif, false)
    or coalesce(accessibles.petit_effectif, false) as petit_effectif,
    annees.statut
from comptes as annees
left join comptes as semestres
    on
        semestres.periode_type = 'semestre'
        and annees.epci_siren = semestres.epci_siren
        and annees.periode = semestres.periode
        and annees.indicateur = semestres.indicateur
        and annees.segment_type_vise = semestres.segment_type_vise
        and annees.segment_vise = semestres.segment_vise
        and annees.axe = semestres.axe
        and annees.modalite = semestres.modalite
left join accessibles
    on
        annees.famille_evenement = 'hors_qpv'
        and annees.epci_siren = accessibles.epci_siren
        and annees.periode = accessibles.periode
        and annees.axe = accessibles.axe
        and annees.modalite = accessibles.modalite
where annees.periode_type = 'annee' and annees.denominateur > 0
