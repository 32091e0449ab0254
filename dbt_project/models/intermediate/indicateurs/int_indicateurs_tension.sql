-- Tension: active requests on 31 December over leases signed in the year, on the axes and segments whose leases are counted.
-- A count that nobody made is no denominator, nor is that of a segment that too many leases of the place do not tell: no
-- figure is written. A count that was made and is 0 gives no ratio; it is never 0.
with demandes as (

    select *
    from {{ ref('int_indicateurs_demande') }}
    where indicateur = 'demandes' and axe in ('epci', 'commune', 'departement')

),

baux as (

    select *
    from {{ ref('int_indicateurs_attribution') }}
    where indicateur = 'baux' and periode_type = 'annee'

),

-- The counts of leases that were made: a territory, a year, an axis and a segment.
comptes as (

    select distinct
        epci_siren,
        annee,
        axe,
        segment_type
    from baux

),

-- How many leases of the place do not say to which segment they belong.
muets as (

    select
        epci_siren,
        annee,
        axe,
        modalite,
        segment_type,
        {{ somme('numerateur') }} as nb,
        {{ somme("case when segment = 'inconnu' then numerateur else 0 end") }} as nb_inconnus
    from baux
    group by epci_siren, annee, axe, modalite, segment_type

)

select
    demandes.epci_siren,
    demandes.periode_type,
    demandes.periode,
    demandes.annee,
    'tension' as indicateur,
    demandes.axe,
    demandes.modalite,
    demandes.segment_type,
    demandes.segment,
    demandes.numerateur,
    coalesce(baux.numerateur, 0) as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure
from demandes
inner join comptes
    on
        demandes.epci_siren = comptes.epci_siren
        and demandes.annee = comptes.annee
        and demandes.axe = comptes.axe
        and demandes.segment_type = comptes.segment_type
inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
    on
        {{ dernier_jour('demandes.annee') }} >= bornes.debut
        and {{ dernier_jour('demandes.annee') }} <= coalesce(bornes.fin, {{ dernier_jour('demandes.annee') }})
left join baux
    on
        demandes.epci_siren = baux.epci_siren
        and demandes.periode = baux.periode
        and demandes.axe = baux.axe
        and demandes.modalite = baux.modalite
        and demandes.segment_type = baux.segment_type
        and demandes.segment = baux.segment
left join muets
    on
        demandes.epci_siren = muets.epci_siren
        and demandes.annee = muets.annee
        and demandes.axe = muets.axe
        and demandes.modalite = muets.modalite
        and demandes.segment_type = muets.segment_type
where
    demandes.segment_type = 'tous'
    or demandes.segment = 'inconnu'
    or muets.nb is null
    or 100 * muets.nb_inconnus <= bornes.inconnus_pct_max * muets.nb
