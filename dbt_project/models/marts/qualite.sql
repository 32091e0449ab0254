-- Completeness and coverage: what was read and kept of each file, what the readers warned about, and how complete the
-- rows of each landlord and commune are. Counts about households follow the small-cell rule.
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    verrou.source,
    cast(verrou.millesime as {{ dbt.type_string() }}) as periode,
    'fichier' as axe,
    verrou.produit as modalite,
    verrou.fichier,
    mesures.mesure,
    case mesures.mesure
        when 'lignes_gardees' then verrou.lignes_gardees
        when 'lignes_fusionnees' then verrou.lignes_fusionnees
        when 'lignes_quarantaine' then verrou.lignes_quarantaine
        else verrou.lignes_doublons
    end as numerateur,
    verrou.lignes_lues as denominateur,
    100 * cast(
        case mesures.mesure
            when 'lignes_gardees' then verrou.lignes_gardees
            when 'lignes_fusionnees' then verrou.lignes_fusionnees
            when 'lignes_quarantaine' then verrou.lignes_quarantaine
            else verrou.lignes_doublons
        end as double
    ) / nullif(verrou.lignes_lues, 0) as valeur,
    'publiable' as statut,
    cast(null as {{ dbt.type_string() }}) as message
from {{ source('account', 'verrou') }} as verrou
cross join (values ('lignes_gardees'), ('lignes_fusionnees'), ('lignes_quarantaine'), ('lignes_doublons')) as mesures (mesure)
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    source,
    cast(null as {{ dbt.type_string() }}) as periode,
    'alerte' as axe,
    produit as modalite,
    fichier,
    regle as mesure,
    nombre as numerateur,
    total as denominateur,
    100 * cast(nombre as double) / nullif(total, 0) as valeur,
    'publiable' as statut,
    message
from {{ source('account', 'avertissements') }}
union all
select
    figures.epci_siren,
    catalogue.source,
    figures.periode,
    figures.axe,
    figures.modalite,
    cast(null as {{ dbt.type_string() }}) as fichier,
    figures.indicateur as mesure,
    figures.numerateur,
    figures.denominateur,
    figures.valeur,
    figures.statut,
    catalogue.libelle as message
from {{ ref('indicateurs') }} as figures
inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
where
    (catalogue.domaine = 'qualite' or figures.indicateur in ('ressources_renseignees', 'taux_couverture'))
    and figures.segment_type = 'tous'
