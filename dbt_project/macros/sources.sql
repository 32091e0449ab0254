{#- Does none of the files of a record hold a field? What they do not hold is unknown, not "no". -#}
{%- macro champ_absent(alias, champ) -%}
    coalesce({{ alias }}.champs_absents, '') like '%,{{ champ }},%'
{%- endmacro -%}

{#- The sources of a figure and their vintages, as a reader names them: "SNE 2021", "SNE 2021, RPLS 2022"; and which one is
    missing when the figure is not available. -#}
{%- macro libelle_sources(sources, annee, periode_type, statut) -%}
    case {{ sources }}
        when 'sne' then 'SNE ' || cast({{ annee }} as {{ dbt.type_string() }})
        when 'rpls' then 'RPLS ' || cast({{ annee }} as {{ dbt.type_string() }})
        when 'ops' then 'OPS ' || cast({{ annee }} as {{ dbt.type_string() }})
        when 'filosofi' then 'Filosofi ' || cast({{ annee }} as {{ dbt.type_string() }})
        when 'sne,rpls'
            then
                'SNE ' || cast({{ annee }} as {{ dbt.type_string() }})
                || ', RPLS ' || cast({{ annee }} + 1 as {{ dbt.type_string() }})
        else upper({{ sources }})
    end
    || case when {{ statut }} = 'indisponible' then ' (absent ou incomplet)' else '' end
{%- endmacro -%}
