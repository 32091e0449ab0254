-- One income measure of one place, vintage and concept, with its diffusion status. A commune made of several communes of
-- the vintage has no value of its own: a median cannot be merged.
with courantes as (

    select
        revenus.*,
        case
            when revenus.niveau = 'commune' then {{ commune_courante('revenus.code', 'courante') }}
            else revenus.code
        end as code_courant
    from {{ ref('stg_filosofi__revenus') }} as revenus
    {{ joindre_commune('revenus.code', 'courante') }}

),

comptees as (

    select
        *,
        count(*) over (partition by millesime, niveau, code_courant, concept, mesure, geographie) as nb_lieux
    from courantes

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
