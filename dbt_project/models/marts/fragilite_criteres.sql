-- What each criterion gave to each place by each method, and what it gave the year before: where a change of class comes
-- from. One row per EPCI, year, method, place, block and criterion. Rates are those of marts.indicateurs on the vintages
-- used, where they are published as such.
with points as (

    select
        epci_siren,
        cast(periode as integer) as annee,
        axe,
        modalite,
        modalite_libelle,
        split_part(segment, ' x ', 1) as methode,
        split_part(segment, ' x ', 2) as bloc,
        split_part(segment, ' x ', 3) as critere,
        valeur as points,
        statut
    from {{ ref('indicateurs') }}
    where indicateur = 'fragilite_points' and segment_type = 'methode x critere'

),

taux as (

    select
        epci_siren,
        cast(left(periode, 4) as integer) as millesime,
        axe,
        modalite,
        indicateur,
        segment,
        valeur,
        numerateur,
        denominateur
    from {{ ref('indicateurs') }}
    where
        periode_type in ('annee', 'millesime')
        and axe in ('zone', 'qpv', 'residence')
        and segment in ('tous', 'emmenages_recents')

),

complets as (

    select
        points.*,
        criteres.sens,
        criteres.source,
        criteres.population,
        case
            when criteres.source = 'ops' then millesimes.millesime_ops
            when criteres.source = 'rpls' then millesimes.millesime_rpls
            else millesimes.annee_sne
        end as millesime
    from points
    inner join (
        select distinct
            methode,
            bloc,
            indicateur,
            sens,
            population,
            source
        from {{ source('conventions', 'methodes_fragilite') }}
    ) as criteres
        on
            points.methode = criteres.methode
            and points.bloc = criteres.bloc
            and points.critere = criteres.indicateur
    inner join {{ ref('int_fragilite_millesimes') }} as millesimes
        on
            points.epci_siren = millesimes.epci_siren
            and points.annee = millesimes.annee
            and points.methode = millesimes.methode

),

dates as (

    select
        complets.*,
        taux.valeur as taux,
        taux.numerateur,
        taux.denominateur,
        lag(complets.annee) over derniere as annee_precedente,
        lag(complets.millesime) over derniere as millesime_precedent,
        lag(complets.points) over derniere as points_precedents,
        lag(taux.valeur) over derniere as taux_precedent
    from complets
    left join taux
        on
            complets.epci_siren = taux.epci_siren
            and complets.millesime = taux.millesime
            and complets.axe = taux.axe
            and complets.modalite = taux.modalite
            and complets.critere = taux.indicateur
            and case complets.population when 'ensemble' then 'tous' else 'emmenages_recents' end = taux.segment
    window
        derniere as (
            partition by complets.epci_siren, complets.methode, complets.axe, complets.modalite, complets.bloc, complets.critere
            order by complets.annee nulls last
        )

)

select
    dates.epci_siren,
    dates.annee,
    dates.methode,
    dates.axe,
    dates.modalite,
    dates.modalite_libelle,
    dates.bloc,
    dates.critere,
    catalogue.libelle as critere_libelle,
    dates.sens,
    dates.source,
    dates.millesime,
    dates.numerateur,
    dates.denominateur,
    dates.taux,
    dates.points,
    dates.annee_precedente,
    dates.millesime_precedent,
    dates.taux_precedent,
    dates.points_precedents,
    dates.points - dates.points_precedents as ecart_points,
    dates.statut
from dates
inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on dates.critere = catalogue.indicateur
