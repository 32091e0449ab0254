-- The local zones that hold a dwelling at the date of its vintage.
with emplacements as (

    select
        logements.logement_id,
        logements.millesime,
        logements.epci_siren,
        criteres.critere,
        case criteres.critere
            when 'commune' then logements.code_commune
            when 'iris' then logements.code_iris
            when 'num_rpls' then logements.ident_rep
            when 'residence' then residences.cle_residence
            {%- for generation in var('generations_qpv') %}
            when 'qpv_{{ generation }}' then logements.code_qpv_{{ generation }}
            {%- endfor %}
        end as valeur
    from {{ ref('dim_logement') }} as logements
    inner join {{ ref('int_parametres') }} as parametres on logements.epci_siren = parametres.epci_siren
    left join {{ ref('int_logement_residence') }} as residences
        on logements.logement_id = residences.logement_id and logements.millesime = residences.millesime
    cross join (
        values ('commune'), ('iris'), ('num_rpls'), ('residence')
        {%- for generation in var('generations_qpv') %}, ('qpv_{{ generation }}'){% endfor %}
    ) as criteres (critere)

)

select distinct
    emplacements.logement_id,
    emplacements.millesime,
    zones.zone,
    zones.type_zone
from emplacements
inner join {{ ref('int_zones') }} as zones
    on
        emplacements.epci_siren = zones.epci_siren
        and case when emplacements.critere like 'qpv%' then 'qpv' else emplacements.critere end = zones.critere
        and emplacements.valeur
        = case when zones.critere = 'residence' then {{ residence_normalisee('zones.valeur') }} else zones.valeur end
        and {{ premier_jour('emplacements.millesime') }}
        >= coalesce(zones.debut, {{ premier_jour('emplacements.millesime') }})
        and {{ premier_jour('emplacements.millesime') }}
        <= coalesce(zones.fin, {{ premier_jour('emplacements.millesime') }})
where emplacements.valeur is not null
