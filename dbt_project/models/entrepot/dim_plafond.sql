-- Income ceilings in force, by product, household category and zone; `fin` is the day before the next value, or the last
-- of the year where they are revised each year.
with lus as (

    select
        produit,
        categorie,
        zone,
        date_effet,
        min(plafond_eur) as plafond_eur
    from {{ source('referentiels', 'ref_plafonds') }}
    group by produit, categorie, zone, date_effet
    union all
    select
        livres.produit,
        livres.categorie,
        livres.zone,
        livres.date_effet,
        cast(livres.plafond_eur as decimal(12, 2)) as plafond_eur
    from {{ source('seeds', 'ref_plafonds') }} as livres
    where not exists (
        select 1
        from {{ source('referentiels', 'ref_plafonds') }} as dossier
        where
            dossier.produit = livres.produit
            and dossier.categorie = livres.categorie
            and dossier.zone = livres.zone
            and dossier.date_effet = livres.date_effet
    )

),

tous as (

    select * from lus
    union all
    select
        derives.produit,
        lus.categorie,
        lus.zone,
        lus.date_effet,
        cast(round(lus.plafond_eur * cast(derives.coefficient as decimal(6, 3))) as decimal(12, 2)) as plafond_eur
    from lus
    inner join {{ source('seeds', 'ref_plafonds_derives') }} as derives on lus.produit = derives.base
    where
        not exists (
            select 1
            from lus as publies
            where
                publies.produit = derives.produit
                and publies.categorie = lus.categorie
                and publies.zone = lus.zone
                and publies.date_effet = lus.date_effet
        )

),

suivis as (

    select
        produit,
        categorie,
        zone,
        date_effet,
        lead(date_effet) over (partition by produit, categorie, zone order by date_effet nulls last) - 1 as veille,
        plafond_eur
    from tous

)

select
    suivis.produit,
    suivis.categorie,
    suivis.zone,
    suivis.date_effet as debut,
    -- Where ceilings are revised each year, one does not outlive its own: that of the next is another, known or not.
    case
        when revisions.debut is null then suivis.veille
        when suivis.veille < {{ dernier_jour('extract(year from suivis.date_effet)') }} then suivis.veille
        else {{ dernier_jour('extract(year from suivis.date_effet)') }}
    end as fin,
    suivis.plafond_eur
from suivis
left join {{ source('seeds', 'ref_plafonds_revisions') }} as revisions
    on
        suivis.date_effet >= revisions.debut
        and suivis.date_effet <= coalesce(revisions.fin, suivis.date_effet)
