{{ config(alias='indicateurs') }}
-- The catalogue of indicators, as reports and the dictionary read it.
select
    catalogue.indicateur,
    catalogue.ordre,
    catalogue.domaine as famille,
    catalogue.libelle,
    catalogue.definition,
    case
        when catalogue.denominateur_libelle is not null
            then catalogue.numerateur_libelle || ' ÷ ' || catalogue.denominateur_libelle
        else coalesce(catalogue.numerateur_libelle, catalogue.libelle)
    end as formule,
    catalogue.numerateur_libelle,
    catalogue.denominateur_libelle,
    catalogue.nature,
    catalogue.unite,
    catalogue.additif,
    catalogue.article,
    catalogue.source,
    catalogue.version_methode,
    ruptures.libelle as rupture
from {{ source('seeds', 'ref_indicateurs') }} as catalogue
left join (
    select
        indicateur,
        {{ liste_de_textes('libelle', ' ', 'date_rupture nulls last, libelle nulls last') }} as libelle
    from {{ source('seeds', 'ref_ruptures') }}
    group by indicateur
) as ruptures on catalogue.indicateur = ruptures.indicateur
