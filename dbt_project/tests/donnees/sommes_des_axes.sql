-- The parts of an axis that covers everything add up to the EPCI, for the counts that may be added.
with additifs as (

    select
        figures.epci_siren,
        figures.periode_type,
        figures.periode,
        figures.indicateur,
        figures.axe,
        figures.segment_type,
        figures.segment,
        figures.numerateur
    from {{ ref('indicateurs') }} as figures
    inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
    inner join {{ ref('int_parametres') }} as parametres on figures.epci_siren = parametres.epci_siren
    where
        catalogue.additif
        and figures.indicateur in ('baux', 'attributions', 'demandes', 'logements')
        and figures.numerateur is not null
        and figures.segment_type <> 'reference'
        -- A request that counts here by its second choice has no commune of first choice in the territory.
        and not (figures.indicateur = 'demandes' and parametres.territoire_demande = 'tous_choix')

),

sommes as (

    select
        epci_siren,
        periode_type,
        periode,
        indicateur,
        axe,
        segment_type,
        segment,
        sum(numerateur) as somme
    from additifs
    where
        axe in ('commune', 'bailleur', 'departement', 'reservataire')
        and not (axe = 'reservataire' and indicateur = 'logements')
    group by epci_siren, periode_type, periode, indicateur, axe, segment_type, segment

)

select
    sommes.*,
    totaux.numerateur as total
from sommes
left join additifs as totaux
    on
        sommes.epci_siren = totaux.epci_siren
        and sommes.periode_type = totaux.periode_type
        and sommes.periode = totaux.periode
        and sommes.indicateur = totaux.indicateur
        and sommes.segment_type = totaux.segment_type
        and sommes.segment = totaux.segment
        and totaux.axe = 'epci'
-- The published total of a territory whose table has a secret part, or leaves a commune out, is not known.
left join {{ ref('int_indicateurs_parc_publie') }} as publies
    on
        sommes.epci_siren = publies.epci_siren
        and sommes.periode = publies.periode
        and sommes.indicateur = publies.indicateur
        and publies.axe = 'epci'
        and publies.statut_source is not null
where
    (totaux.numerateur is null and publies.epci_siren is null)
    or sommes.somme <> totaux.numerateur
