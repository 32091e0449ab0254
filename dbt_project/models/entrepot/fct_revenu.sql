-- One income measure of one place, vintage and concept, with its diffusion status. A commune made of several communes of
-- the vintage has no value of its own: a median cannot be merged. Paris, Lyon and Marseille have theirs where the file gives
-- it beside their arrondissements.
with courantes as (

    select
        revenus.*,
        case
            when revenus.niveau = 'commune' then {{ commune_courante('revenus.code', 'courante') }}
            else revenus.code
        end as code_courant,
        coalesce(courante.est_arrondissement, false) as est_arrondissement
    from {{ source('filosofi', 'filosofi') }} as revenus
    {{ joindre_commune('revenus.code', 'courante') }}

),

situees as (

    select
        *,
        max(case when code = code_courant then 1 else 0 end) over (
            partition by millesime, niveau, code_courant, concept, mesure, geographie
        ) as a_sa_ligne
    from courantes

),

comptees as (

    select
        *,
        count(*) over (partition by millesime, niveau, code_courant, concept, mesure, geographie) as nb_lieux
    from situees
    where not (est_arrondissement and a_sa_ligne = 1)

)

select
    millesime,
    niveau,
    code_courant as code,
    min(libelle) as libelle,
    geographie,
    concept,
    mesure,
    max(case when nb_lieux = 1 then valeur end) as valeur,
    case when max(nb_lieux) = 1 then min(statut) else 'non_disponible' end as statut,
    min(_fichier) as _fichier,
    min(_ligne) as _ligne
from comptees
group by millesime, niveau, code_courant, geographie, concept, mesure
