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
    ruptures.libelle as rupture,
    -- Only the version in force is known of what came before it; a break says from when, and what changed.
    'Version ' || cast(catalogue.version_methode as {{ dbt.type_string() }}) || coalesce(' | ' || ruptures.dates, '') as historique
from {{ source('seeds', 'ref_indicateurs') }} as catalogue
left join (
    select
        indicateur,
        {{ liste_de_textes('libelle', ' ', 'date_rupture nulls last, libelle nulls last') }} as libelle,
        {{ liste_de_textes("coalesce(cast(date_rupture as " ~ dbt.type_string() ~ ") || ' : ', '') || libelle", ' | ',
            'date_rupture nulls last, libelle nulls last') }} as dates
    from {{ source('seeds', 'ref_ruptures') }}
    group by indicateur
) as ruptures on catalogue.indicateur = ruptures.indicateur
