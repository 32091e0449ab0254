{#- The code that a commune has today, from a code of any year; the join is written by `joindre_commune`. -#}

{#- The département that the code of a commune names: its first two characters, three overseas. It is known of every commune, also of
    those that no list of the territories holds. -#}
{%- macro departement_de(code) -%}
    case when {{ code }} like '97%' or {{ code }} like '98%' then substr({{ code }}, 1, 3) else substr({{ code }}, 1, 2) end
{%- endmacro -%}

{%- macro joindre_commune(colonne, alias) -%}
    left join {{ ref('int_commune_courante') }} as {{ alias }} on {{ colonne }} = {{ alias }}.code_lu
{%- endmacro -%}

{%- macro commune_courante(colonne, alias) -%}
    coalesce({{ alias }}.code_commune, {{ colonne }})
{%- endmacro -%}

{#- The EPCI that a commune had in a year, from the code that the source writes: the one way to look membership up. -#}
{%- macro joindre_epci(annee, code_lu, alias) -%}
    left join {{ ref('int_epci_membres') }} as {{ alias }}
        on {{ annee }} = {{ alias }}.annee and {{ code_lu }} = {{ alias }}.code_lu
{%- endmacro -%}

{#- The communes of each EPCI as they are today, whatever the year; not the one that absorbed a commune from another EPCI. -#}
{%- macro communes_des_epci() -%}
    select distinct
        listees.epci_siren,
        listees.code_commune
    from {{ ref('int_epci_membres') }} as listees
    left join {{ ref('int_epci_membres') }} as actuelles
        on listees.annee = actuelles.annee and listees.code_commune = actuelles.code_lu
    where listees.est_listee and listees.epci_siren = coalesce(actuelles.epci_siren, listees.epci_siren)
{%- endmacro -%}
