-- The objectives in force, one row per objective, axis, modality (NULL: every modality of the axis) and validity dates.
select
    epci_siren,
    objectif,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    operateur,
    cast(cible as double) as cible,
    cible_indicateur,
    evenement,
    debut,
    fin,
    article,
    statut,
    libelle
from {{ source('conventions_publiees', 'convention_objectifs') }}
