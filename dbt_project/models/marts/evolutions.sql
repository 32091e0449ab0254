-- Each yearly figure against the year before, for the same axis, modality and segment. A series whose definition changed
-- between the two says so and shows no difference.
with annuelles as (

    select
        *,
        cast(periode as integer) as annee
    from {{ ref('indicateurs') }}
    where periode_type in ('annee', 'millesime')

),

ruptures as (

    select
        indicateur,
        extract(year from date_rupture) as annee,
        min(libelle) as libelle
    from {{ source('seeds', 'ref_ruptures') }}
    group by 1, 2

)

select
    courantes.epci_siren,
    courantes.periode_type,
    courantes.periode,
    courantes.indicateur,
    courantes.axe,
    courantes.modalite,
    courantes.modalite_libelle,
    courantes.segment_type,
    courantes.segment,
    courantes.unite,
    precedentes.periode as periode_precedente,
    precedentes.valeur as valeur_precedente,
    courantes.valeur,
    case when ruptures.annee is null then courantes.valeur - precedentes.valeur end as ecart,
    ruptures.libelle as rupture,
    courantes.petit_effectif or precedentes.petit_effectif as petit_effectif,
    case
        when courantes.statut not in ('publiable', 'sans_objet', 'rupture_serie', 'provisoire') then courantes.statut
        when precedentes.statut not in ('publiable', 'sans_objet', 'rupture_serie', 'provisoire') then precedentes.statut
        when ruptures.annee is not null then 'rupture_serie'
        when precedentes.statut = 'provisoire' then 'provisoire'
        else courantes.statut
    end as statut
from annuelles as courantes
inner join annuelles as precedentes
    on
        courantes.annee = precedentes.annee + 1
        and courantes.periode_type = precedentes.periode_type
        and courantes.epci_siren = precedentes.epci_siren
        and courantes.indicateur = precedentes.indicateur
        and courantes.axe = precedentes.axe
        and courantes.modalite = precedentes.modalite
        and courantes.segment_type = precedentes.segment_type
        and courantes.segment = precedentes.segment
left join ruptures on courantes.indicateur = ruptures.indicateur and courantes.annee = ruptures.annee
