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

{#- The places of each territory that published tables have rows of, from its communes (`membres`): each commune, the territory, its
    priority neighbourhoods. -#}
{%- macro lieux_des_epci(membres) -%}
    select distinct
        {{ membres }}.epci_siren,
        'commune' as niveau,
        {{ membres }}.code_commune as code
    from {{ membres }}
    union
    select distinct
        epci_siren,
        'epci' as niveau,
        epci_siren as code
    from {{ membres }}
    union
    select distinct
        {{ membres }}.epci_siren,
        'qpv' as niveau,
        qpv.code_qpv as code
    from {{ membres }}
    inner join {{ ref('int_qpv') }} as qpv on {{ membres }}.code_commune = qpv.code_commune
{%- endmacro -%}

{#- The generation of priority neighbourhoods in force a day in a commune, as `generations`; or the one that a convention names
instead of the day's. Overseas, the dates are others. -#}
{%- macro debut_generation(departements, generations) -%}
    case when {{ departements }}.est_outre_mer then {{ generations }}.debut_outre_mer else {{ generations }}.debut end
{%- endmacro -%}

{%- macro fin_generation(departements, generations) -%}
    case when {{ departements }}.est_outre_mer then {{ generations }}.fin_outre_mer else {{ generations }}.fin end
{%- endmacro -%}

{%- macro joindre_generation(regle, jour, commune) -%}
    left join {{ source('seeds', 'ref_departements') }} as departements_qpv
        on departements_qpv.code_departement = {{ departement_de(commune) }}
    left join {{ source('seeds', 'ref_qpv_generations') }} as generations
        on
            case
                when coalesce({{ regle }}, 'date_evenement') = 'date_evenement'
                    then
                        {{ jour }} >= {{ debut_generation('departements_qpv', 'generations') }}
                        and {{ jour }} <= coalesce({{ fin_generation('departements_qpv', 'generations') }}, {{ jour }})
                else {{ regle }} = cast(generations.generation as {{ dbt.type_string() }})
            end
{%- endmacro -%}
