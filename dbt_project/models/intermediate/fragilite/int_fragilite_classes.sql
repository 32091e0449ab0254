-- The classes of each place by each method: the stock, the recent movers, and the general class that the method's matrix
-- gives (none when no matrix was published). `classe_retenue` is the general class, else the stock's: what the shares of
-- the stock and the priority residences are read from.
with blocs as (

    select
        epci_siren,
        annee,
        methode,
        axe,
        modalite,
        type_lieu,
        max(case when bloc = 'stock' then points end) as points_stock,
        max(case when bloc = 'stock' then classe end) as classe_stock,
        max(case when bloc = 'stock' then motif end) as motif_stock,
        max(case when bloc = 'flux' then points end) as points_flux,
        max(case when bloc = 'flux' then classe end) as classe_flux,
        max(case when bloc = 'flux' then motif end) as motif_flux,
        max(case when bloc = 'flux' then 1 else 0 end) as a_flux,
        min(base_menages) as base_menages
    from {{ ref('int_fragilite_blocs') }}
    group by epci_siren, annee, methode, axe, modalite, type_lieu

),

avec_matrice as (

    select
        methode,
        max(classe) as classe_max
    from {{ source('conventions', 'methodes_fragilite_matrice') }}
    group by methode

),

plus_fragiles as (

    select
        methode,
        max(classe) as classe_max
    from {{ source('conventions', 'methodes_fragilite_classes') }}
    where bloc = 'stock'
    group by methode

)

select
    blocs.epci_siren,
    blocs.annee,
    blocs.methode,
    blocs.axe,
    blocs.modalite,
    blocs.type_lieu,
    blocs.points_stock,
    blocs.classe_stock,
    blocs.motif_stock,
    blocs.points_flux,
    blocs.classe_flux,
    blocs.motif_flux,
    blocs.a_flux = 1 as a_flux,
    avec_matrice.methode is not null as a_matrice,
    matrice.classe,
    case when avec_matrice.methode is not null then matrice.classe else blocs.classe_stock end as classe_retenue,
    case
        when avec_matrice.methode is not null then matrice.classe = avec_matrice.classe_max
        else blocs.classe_stock = plus_fragiles.classe_max
    end as est_plus_fragile,
    blocs.base_menages
from blocs
left join avec_matrice on blocs.methode = avec_matrice.methode
left join plus_fragiles on blocs.methode = plus_fragiles.methode
left join {{ source('conventions', 'methodes_fragilite_matrice') }} as matrice
    on
        blocs.methode = matrice.methode
        and blocs.classe_stock = matrice.classe_stock
        and (blocs.classe_flux = matrice.classe_flux or (blocs.a_flux = 0 and matrice.classe_flux is null))
