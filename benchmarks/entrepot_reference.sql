-- The yearly figures of each EPCI, by hand, in one DuckDB script: what `benchmarks/entrepot.py` holds the whole build
-- against. Same validated Parquet, same indicators, no other axis, period, segment, check nor small cell; legal defaults
-- only. Its figures are compared with those of the build, so it cannot be fast by being wrong.
-- Placeholders: {sources} is the folder of the Parquet, {annee} the year of the allocations.
create table membres as
select code_commune, any_value(epci_siren) as epci_siren
from read_parquet('{sources}/geo_epci_membres.parquet')
group by code_commune;

create table seuils as
select code as epci_siren, seuil from read_parquet('{sources}/ref_seuils_q1.parquet')
where portee = 'epci' and annee = {annee};

create table parc as
select
    logements.ident_rep, logements.millesime, membres.epci_siren, logements.siren_bailleur,
    case when code_qpv_2015 is not null then true else qpv_declare end as en_qpv,
    mode = '1' as est_loue, mode = '2' as est_vacant, mode, date_bail, date_remise_location,
    annee_location, coalesce(annee_location, annee_construction) as annee_service,
    financement, surface_habitable,
    case when loyer_principal > 0 and surface_habitable > 0 then loyer_principal end as loyer
from read_parquet('{sources}/rpls_logements.parquet') as logements
inner join membres using (code_commune)
where coalesce(sortie_patrimoine, '9') in ('0', '9') and coalesce(mode, '1') <> '9';

create table actives as
select
    demandes.*, choix.epci_siren, origine.epci_siren as epci_origine,
    date_diff('day', date_premier_depot, make_date({annee}, 12, 31)) as anciennete,
    coalesce(nb_uc, 1 + 0.5 * (nb_personnes - 1 - nb_moins_14) + 0.3 * nb_moins_14) as uc
from read_parquet('{sources}/sne_demandes.parquet') as demandes
inner join membres as choix on demandes.commune_choix1 = choix.code_commune
left join membres as origine on demandes.code_commune_origine = origine.code_commune
where
    date_premier_depot <= make_date({annee}, 12, 31)
    and (
        date_radiation > make_date({annee}, 12, 31)
        or (date_radiation is null and coalesce(statut, 'active') <> 'radiee')
    );

create table bornes as
select
    epci_siren,
    quantile_disc(cast(ressources_mensuelles * 12 as double) / uc, 0.5) as borne_q2,
    quantile_disc(cast(ressources_mensuelles * 12 as double) / uc, 0.75) as borne_q3
from actives
where ressources_mensuelles is not null and uc > 0
group by epci_siren;

create table attributions as
with lues as (
    select
        *, coalesce(nb_uc, 1 + 0.5 * (nb_personnes - 1 - nb_moins_14) + 0.3 * nb_moins_14) as uc,
        ressources_mensuelles * 12 as ressources,
        sum(case when issue = 'attribue' then 1 else 0 end) over (
            partition by num_rpls, date_decision order by rang
            range between unbounded preceding and 1 preceding
        ) as restants
    from read_parquet('{sources}/sne_attributions.parquet')
)

select
    lues.*, membres.epci_siren, parc.ident_rep is not null as est_rattache,
    coalesce(parc.en_qpv, lues.qpv_declare) as en_qpv,
    lues.issue = 'attribue' and coalesce(lues.restants, 0) = 0 as est_effective,
    year(lues.date_signature_bail) = {annee} as est_bail,
    case
        when ressources is null or uc is null or uc <= 0 then null
        when ressources < seuil * uc then 1
        when cast(ressources as double) / uc < borne_q2 then 2
        when cast(ressources as double) / uc < borne_q3 then 3
        else 4
    end as quartile,
    lues.dalo or lues.pdalhpd or lues.priorite_l441_1 is not null as est_prioritaire,
    lues.relogement in ('npnru', 'orcod') as est_releve,
    case
        when lues.neuf then true
        when parc.annee_service is not null then {annee} - parc.annee_service < 5
        else lues.neuf
    end as est_recent,
    situation_pro in ('cdi', 'cdd_plus_6_mois', 'interim', 'retraite', 'aah') as est_solvable,
    date_diff('day', date_premier_depot, date_signature_bail) as delai
from lues
inner join membres on lues.code_commune_logement = membres.code_commune
left join seuils using (epci_siren)
left join bornes using (epci_siren)
left join parc on lues.num_rpls = parc.ident_rep
where year(coalesce(lues.date_signature_bail, lues.date_decision)) = {annee};

create table figures (
    epci_siren varchar, indicateur varchar, numerateur bigint, denominateur bigint, valeur double
);

-- Rates and counts of the leases: (name, base, answer).
{attributions}

insert into figures
select epci_siren, 'baux', count(*) filter (est_bail), null, count(*) filter (est_bail)
from attributions group by epci_siren;
insert into figures
select epci_siren, 'relogements', count(*), null, count(*) from attributions
where est_bail and relogement is not null group by epci_siren;
insert into figures
select epci_siren, 'delai_median', null, null, quantile_cont(delai, 0.5) * 12 / 365.25
from attributions where est_bail group by epci_siren;

-- Demand.
{demandes}

insert into figures
select epci_siren, 'demandes', count(*), null, count(*) from actives group by epci_siren;
insert into figures
select epci_siren, 'anciennete', null, null, quantile_cont(anciennete, 0.5) * 12 / 365.25
from actives group by epci_siren;
insert into figures
select epci_siren, 'tension', demandes.numerateur, baux.numerateur, demandes.numerateur / nullif(baux.numerateur, 0)
from figures as demandes inner join figures as baux using (epci_siren)
where demandes.indicateur = 'demandes' and baux.indicateur = 'baux';

-- Stock.
{parc}

insert into figures
select epci_siren, 'logements', count(*), null, count(*) from parc group by epci_siren;
insert into figures
select epci_siren, 'logements_loues_annee', n, null, n from (
    select epci_siren, count(*) filter (est_loue and year(date_bail) >= millesime - 1) as n from parc group by epci_siren
);
insert into figures
select epci_siren, 'logements_neufs', n, null, n from (
    select epci_siren, count(*) filter (annee_location >= millesime - 1) as n from parc group by epci_siren
);
insert into figures
select epci_siren, 'plai_neufs_hors_qpv', n, null, n from (
    select
        epci_siren,
        count(*) filter (
            annee_location >= millesime - 1 and not en_qpv and (est_loue or est_vacant) and financement in ('10', '11')
        ) as n
    from parc group by epci_siren
);
insert into figures
select epci_siren, 'loyer_m2', null, null, sum(loyer)::double / sum(surface_habitable)::double
from parc where est_loue and loyer is not null group by epci_siren;
insert into figures
select epci_siren, 'concentration_bailleurs', max(n), sum(n), 100.0 * max(n) / sum(n)
from (select epci_siren, siren_bailleur, count(*) as n from parc group by all) group by epci_siren;
