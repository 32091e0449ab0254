{#- The category of a household for income ceilings, before it is capped: a lone parent counts one more person. -#}
{%- macro rang_categorie(alias) -%}
    {{ alias }}.nb_personnes + case when {{ alias }}.composition = 'monoparental' then 1 else 0 end
{%- endmacro -%}

{#- Joins the ceilings in force for a household: of the zone of a commune, its category and a date. Each product gives `plafond`
    below its alias; no row known for the date gives none, never that of another year.
    produits: products (aliases are their names in lower case); commune: its current code; departement; jour: date; rang: rank of
    the category. -#}
{%- macro joindre_plafonds(produits, commune, departement, jour, rang) %}
cross join {{ source('seeds', 'ref_categories_plafonds') }} as categories
left join {{ source('seeds', 'ref_zones_plafonds') }} as zone_commune
    on zone_commune.niveau = 'commune' and {{ commune }} = zone_commune.code
left join {{ source('seeds', 'ref_zones_plafonds') }} as zone_departement
    on zone_departement.niveau = 'departement' and {{ departement }} = zone_departement.code
{%- for produit in produits %}
left join {{ ref('dim_plafond') }} as {{ produit | lower }}
    on
        {{ produit | lower }}.produit = '{{ produit }}'
        and {{ produit | lower }}.categorie = {{ plus_petit(rang, 'categories.categorie_max') }}
        and {{ produit | lower }}.zone = coalesce(zone_commune.zone, zone_departement.zone)
        and {{ jour }} >= {{ produit | lower }}.debut
        and {{ jour }} <= coalesce({{ produit | lower }}.fin, {{ jour }})
left join {{ ref('dim_plafond') }} as {{ produit | lower }}_supplement
    on
        {{ produit | lower }}_supplement.produit = '{{ produit }}'
        and {{ produit | lower }}_supplement.categorie = categories.categorie_supplement
        and {{ produit | lower }}_supplement.zone = coalesce(zone_commune.zone, zone_departement.zone)
        and {{ jour }} >= {{ produit | lower }}_supplement.debut
        and {{ jour }} <= coalesce({{ produit | lower }}_supplement.fin, {{ jour }})
{%- endfor %}
{%- endmacro -%}

{#- The ceiling of a household, a supplement per person beyond the last category: unknown when only that is. -#}
{%- macro plafond_du_menage(produit, rang) -%}
    case
        when {{ rang }} > categories.categorie_max
            then {{ produit | lower }}.plafond_eur
                + ({{ rang }} - categories.categorie_max) * {{ produit | lower }}_supplement.plafond_eur
        else {{ produit | lower }}.plafond_eur
    end
{%- endmacro -%}
