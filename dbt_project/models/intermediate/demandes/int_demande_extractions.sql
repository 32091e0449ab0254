-- Which extraction says the requests of a territory on 31 December of a year: those of that December, request by request in
-- the last one that lists it; else the first later one that also lists requests struck off since. With neither, the demand of
-- the year is not known.
with extractions as (

    select
        membres.epci_siren,
        demandes.date_extraction,
        cast(extract(year from demandes.date_extraction) as integer) as annee,
        extract(month from demandes.date_extraction) = 12 as est_de_decembre,
        max(case when demandes.statut = 'radiee' or demandes.date_radiation is not null then 1 else 0 end) = 1
            as dit_les_radiees
    from {{ source('sne', 'sne_demandes') }} as demandes
    {{ joindre_epci('extract(year from demandes.date_extraction)', 'demandes.commune_choix1', 'membres') }}
    where demandes.date_extraction is not null
    group by 1, 2, 3, 4

),

-- The years that may be asked of them: their own and the one before, those of the run and the one before, whose demand bounds
-- the quartiles of the year.
annees as (

    select
        epci_siren,
        annee
    from extractions
    union
    select
        epci_siren,
        annee - 1 as annee
    from extractions
    union
    select
        extractions.epci_siren,
        cast(demandees.valeur as integer) - decalages.numero as annee
    from extractions
    cross join {{ source('conventions', 'parametres') }} as demandees
    cross join (values (0), (1)) as decalages (numero)
    where demandees.parametre = 'annee'

),

suivantes as (

    select
        annees.epci_siren,
        annees.annee,
        min(extractions.date_extraction) as date_extraction
    from annees
    inner join extractions
        on
            coalesce(annees.epci_siren, '') = coalesce(extractions.epci_siren, '')
            and extractions.annee > annees.annee
            and extractions.dit_les_radiees
    group by annees.epci_siren, annees.annee

)

select
    epci_siren,
    annee,
    date_extraction
from extractions
where est_de_decembre
union all
select
    suivantes.epci_siren,
    suivantes.annee,
    suivantes.date_extraction
from suivantes
left join (select distinct epci_siren, annee from extractions where est_de_decembre) as decembres
    on coalesce(suivantes.epci_siren, '') = coalesce(decembres.epci_siren, '') and suivantes.annee = decembres.annee
where decembres.annee is null
