-- Fragility figures in the common shape. `denominateur` is not shown for points and classes: it carries the least count of
-- households that publishing them would tell (their base, or the only count that a band of points can hold), which is
-- what the small-cell rule needs.
with figures as (

    select
        epci_siren,
        annee,
        'fragilite_points' as indicateur,
        axe,
        modalite,
        'methode x critere' as segment_type,
        methode || ' x ' || bloc || ' x ' || indicateur as segment,
        cast(points as double) as mesure,
        {{ plus_petit('coalesce(compte_revele, base_menages)', 'base_menages') }} as denominateur,
        case when points is null then case when etat = 'secret' then 'secret' else 'indisponible' end end
            as statut_source
    from {{ ref('int_fragilite_points') }}
    union all
    select
        epci_siren,
        annee,
        'fragilite_points_' || bloc as indicateur,
        axe,
        modalite,
        'methode' as segment_type,
        methode as segment,
        cast(points as double) as mesure,
        compte_revele as denominateur,
        case when points is null then case when motif = 'secret' then 'secret' else 'indisponible' end end
            as statut_source
    from {{ ref('int_fragilite_blocs') }}
    union all
    select
        epci_siren,
        annee,
        'fragilite_classe_' || bloc as indicateur,
        axe,
        modalite,
        'methode' as segment_type,
        methode as segment,
        cast(classe as double) as mesure,
        base_menages as denominateur,
        case when classe is null then case when motif = 'secret' then 'secret' else 'indisponible' end end
            as statut_source
    from {{ ref('int_fragilite_blocs') }}
    union all
    select
        epci_siren,
        annee,
        'fragilite_classe' as indicateur,
        axe,
        modalite,
        'methode' as segment_type,
        methode as segment,
        cast(classe as double) as mesure,
        base_menages as denominateur,
        case
            when not a_matrice then 'sans_objet'
            when classe is null
                then
                    case
                        when coalesce(motif_stock, motif_flux) = 'secret' then 'secret'
                        else 'indisponible'
                    end
        end as statut_source
    from {{ ref('int_fragilite_classes') }}
    union all
    select
        epci_siren,
        annee,
        'fragilite_part_menages' as indicateur,
        'epci' as axe,
        epci_siren as modalite,
        'methode x type_lieu x classe' as segment_type,
        methode || ' x ' || type_lieu || ' x ' || cast(classe as {{ dbt.type_string() }}) as segment,
        100 * cast(nb_menages as double) / nullif(nb_classes, 0) as mesure,
        cast(nb_menages_min as bigint) as denominateur,
        cast(null as {{ dbt.type_string() }}) as statut_source
    from {{ ref('int_fragilite_parts_menages') }}

)

select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    cast(null as bigint) as numerateur,
    case when statut_source is null then cast(denominateur as bigint) end as denominateur,
    cast(null as bigint) as inconnus,
    mesure,
    statut_source
from figures
union all
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'fragilite_part_parc' as indicateur,
    axe,
    modalite,
    'methode x type_lieu x classe' as segment_type,
    methode || ' x ' || type_lieu || ' x ' || cast(classe as {{ dbt.type_string() }}) as segment,
    nb_logements as numerateur,
    nb_classes as denominateur,
    nb_non_classes as inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from {{ ref('int_fragilite_parts') }}
union all
-- A method that weighs by dwellings has no share of households: said, not left out.
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'fragilite_part_menages' as indicateur,
    'epci' as axe,
    epci_siren as modalite,
    'methode' as segment_type,
    methode as segment,
    cast(null as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure,
    'sans_objet' as statut_source
from {{ ref('int_fragilite_millesimes') }}
where poids <> 'menages'
