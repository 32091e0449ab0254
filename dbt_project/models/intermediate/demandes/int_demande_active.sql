-- One row per request active on 31 December of a year that an extraction says: filed on or before that day, and not struck off on
-- or before it; one said to be active that has a past date of striking off is struck off then, and listed (meta.contradictions).
-- A request said to be struck off without a date is not active; nor is one that the next extraction of the same
-- scope does not list any more, since exports of active requests alone are the usual case.
with listees as (

    select
        extractions.annee,
        extractions.epci_siren,
        {{ dernier_jour('extractions.annee') }} as date_situation,
        demandes.*,
        coalesce(demandes.statut = 'active', false) as est_active
    from {{ source('sne', 'sne_demandes') }} as demandes
    {{ joindre_epci('extract(year from demandes.date_extraction)', 'demandes.commune_choix1', 'membres') }}
    inner join {{ ref('int_demande_extractions') }} as extractions
        on
            demandes.date_extraction = extractions.date_extraction
            and coalesce(membres.epci_siren, '') = coalesce(extractions.epci_siren, '')

),

-- Two extractions have one scope when the second lists enough of those that were active in the first.
memes_champs as (

    select
        avant.annee,
        avant.epci_siren,
        avant.date_extraction,
        min(avant.date_suivante) as date_suivante
    from (
        select
            premieres.annee,
            premieres.epci_siren,
            premieres.date_extraction,
            suivantes.date_extraction as date_suivante,
            count(*) as nb_actives,
            count(encore.demandeur_id) as nb_encore
        from listees as premieres
        inner join {{ ref('int_demande_extractions') }} as suivantes
            on
                premieres.annee = suivantes.annee
                and coalesce(premieres.epci_siren, '') = coalesce(suivantes.epci_siren, '')
                and premieres.date_extraction < suivantes.date_extraction
        left join listees as encore
            on
                premieres.annee = encore.annee
                and premieres.demandeur_id = encore.demandeur_id
                and suivantes.date_extraction = encore.date_extraction
        where premieres.est_active
        group by premieres.annee, premieres.epci_siren, premieres.date_extraction, suivantes.date_extraction
    ) as avant
    inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on
            avant.date_suivante >= bornes.debut
            and avant.date_suivante <= coalesce(bornes.fin, avant.date_suivante)
    where 100 * avant.nb_encore >= bornes.champ_commun_pct_min * avant.nb_actives
    group by avant.annee, avant.epci_siren, avant.date_extraction

),

dernieres as (

    select
        listees.*,
        row_number() over (partition by annee, demandeur_id order by date_extraction desc nulls last) as rang_etat
    from listees

)

select
    dernieres.*,
    {{ commune_courante('dernieres.commune_choix1', 'courante') }} as code_commune_choix1
from dernieres
{{ joindre_commune('dernieres.commune_choix1', 'courante') }}
left join memes_champs
    on
        dernieres.annee = memes_champs.annee
        and coalesce(dernieres.epci_siren, '') = coalesce(memes_champs.epci_siren, '')
        and dernieres.date_extraction = memes_champs.date_extraction
where
    dernieres.rang_etat = 1
    and memes_champs.date_suivante is null
    and dernieres.date_premier_depot <= dernieres.date_situation
    and (
        dernieres.date_radiation > dernieres.date_situation
        or (dernieres.date_radiation is null and dernieres.est_active)
    )
