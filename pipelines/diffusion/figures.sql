-- What the public edition is made of: the exact figures, with what protects them (base, threshold, what is counted).
-- The base of a figure that is not a ratio of counts (a median) is not printed in the marts.
create or replace temp view figures_a_diffuser as
select
    publiees.*,
    valeurs.annee,
    catalogue.nature,
    catalogue.base_menages,
    parametres.seuil_secret,
    case when catalogue.nature not in ('taux', 'ratio', 'effectif') then valeurs.denominateur end as base_mesure
from marts.indicateurs as publiees
inner join seeds.ref_indicateurs as catalogue on publiees.indicateur = catalogue.indicateur
inner join intermediate.int_parametres as parametres on publiees.epci_siren = parametres.epci_siren
inner join intermediate.int_figures_valeurs as valeurs
    on
        publiees.epci_siren = valeurs.epci_siren
        and publiees.periode_type = valeurs.periode_type
        and publiees.periode = valeurs.periode
        and publiees.indicateur = valeurs.indicateur
        and publiees.axe = valeurs.axe
        and publiees.modalite = valeurs.modalite
        and publiees.segment_type = valeurs.segment_type
        and publiees.segment = valeurs.segment
