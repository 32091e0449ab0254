-- Where an analyst starts: one figure a year for each indicator and place, vintages of the stock, the survey and incomes
-- already paired with the year as the bilan pairs them. A territory that has no allocations has no pairs: its stock is that of
-- the year that ended the day before, its survey and incomes those of their own year.
with figures as (

    select
        figures.*,
        catalogue.libelle as indicateur_libelle,
        catalogue.source as origine,
        catalogue.nature,
        cast(figures.periode as integer) as periode_annee
    from {{ ref('indicateurs') }} as figures
    inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
    where
        figures.periode_type in ('annee', 'millesime')
        and figures.axe in ('epci', 'commune', 'bailleur', 'qpv', 'reservataire')
        and (
            figures.segment_type = 'tous'
            or (figures.segment_type = 'concept' and figures.segment = 'disponible')
        )

),

paires as (

    select
        epci_siren,
        annee,
        source,
        -- A source without a vintage says so under the year itself.
        coalesce(millesime, annee) as millesime
    from {{ ref('meta_millesimes') }}
    where source <> 'sne'

)

select
    figures.epci_siren,
    territoires.nom as epci_nom,
    case
        when figures.periode_type = 'annee' then figures.periode_annee
        when paires.annee is not null then paires.annee
        when figures.origine = 'rpls' then figures.periode_annee - 1
        else figures.periode_annee
    end as annee,
    figures.indicateur,
    figures.indicateur_libelle,
    figures.axe,
    figures.modalite,
    figures.modalite_libelle,
    case when figures.periode_type = 'millesime' and figures.statut <> 'indisponible' then figures.periode_annee end as millesime,
    figures.numerateur,
    figures.denominateur,
    figures.inconnus,
    figures.valeur,
    figures.unite,
    figures.cible,
    figures.operateur,
    figures.atteint,
    figures.manque,
    figures.statut,
    figures.petit_effectif,
    figures.axe in ('commune', 'bailleur', 'reservataire')
    and figures.nature in ('taux', 'ratio', 'effectif')
    and sans_somme.indicateur is null as somme_epci,
    figures.source,
    figures.version_methode
from figures
inner join {{ ref('dim_territoire') }} as territoires on figures.epci_siren = territoires.epci_siren
left join paires
    on
        figures.periode_type = 'millesime'
        and figures.epci_siren = paires.epci_siren
        and figures.periode_annee = paires.millesime
        and position(paires.source in figures.origine) > 0
left join {{ source('seeds', 'ref_axes_sans_somme') }} as sans_somme
    on figures.indicateur = sans_somme.indicateur and figures.axe = sans_somme.axe
where
    figures.periode_type = 'annee'
    or paires.annee is not null
    or figures.epci_siren not in (select associees.epci_siren from paires as associees)
