-- Douze questions d'analyste, et la requête qui répond à chacune.
--
-- À poser à l'édition des signataires (W.signataires.duckdb) ou à l'entrepôt, avec n'importe quel client de DuckDB :
--     duckdb -readonly W.signataires.duckdb < docs/questions.sql
-- Les réponses écrites ici sont celles de la démonstration au cinquantième (celle que font les essais du projet, cinq
-- territoires et trois années fabriqués) : elles montrent la forme, et les essais les recalculent. « observatoire demo »
-- fait la démonstration entière, dont les nombres sont plus grands.
--
-- Trois règles tiennent partout :
--   . une requête fixe l'axe ; sur marts.indicateurs, elle fixe aussi le segment et le type de période ;
--   . un taux ne s'additionne ni ne se moyenne : 100 * sum(numerateur) / sum(denominateur) ;
--   . ce qui manque n'est pas 0 : le statut dit pourquoi (indisponible, secret, sans_objet).

-- 1. Où en est chaque territoire de l'objectif du premier quartile hors quartier prioritaire ?
select epci_nom, annee, numerateur, denominateur, round(valeur, 1) as taux, cible, atteint, manque
from marts.synthese
where indicateur = 'hors_qpv_q1' and axe = 'epci'
order by epci_nom, annee;
--    epci_nom | annee | numerateur | denominateur | taux | cible | atteint | manque
--    Alès Agglomération | 2021 | 2 | 9 | 22.2 | 25 | non | 1
--    Alès Agglomération | 2022 | 2 | 8 | 25 | 25 | oui | 0
--    Alès Agglomération | 2023 | 2 | 8 | 25 | 25 | oui | 0
--    Grand Dijon | 2021 | 5 | 36 | 13.9 | 25 | non | 4
--    Grand Dijon | 2022 | 6 | 34 | 17.6 | 25 | non | 3
--    Grand Dijon | 2023 | 6 | 33 | 18.2 | 25 | non | 3
--    Grand Paris Sud | 2021 | 6 | 31 | 19.4 | 25 | non | 2
--    Grand Paris Sud | 2022 | 6 | 30 | 20 | 25 | non | 2
--    Grand Paris Sud | 2023 | 6 | 28 | 21.4 | 25 | non | 1
--    Le Grand Chalon | 2021 | 2 | 14 | 14.3 | 25 | non | 2
--    Le Grand Chalon | 2022 | 2 | 13 | 15.4 | 25 | non | 2
--    Le Grand Chalon | 2023 | 2 | 12 | 16.7 | 25 | non | 1
--    Mulhouse Alsace Agglomération | 2021 | 5 | 24 | 20.8 | 25 | non | 1
--    Mulhouse Alsace Agglomération | 2022 | 5 | 24 | 20.8 | 25 | non | 1
--    Mulhouse Alsace Agglomération | 2023 | 5 | 23 | 21.7 | 25 | non | 1

-- 2. La dernière année, quels bailleurs de plus de dix attributions n'ont pas atteint leur cible, et de combien ?
select epci_nom, modalite_libelle as bailleur, numerateur, denominateur, round(valeur, 1) as taux, cible, manque
from marts.synthese
where
    indicateur = 'hors_qpv_q1' and axe = 'bailleur' and not atteint and denominateur > 10
    and annee = (select max(annee) from marts.synthese where indicateur = 'hors_qpv_q1' and statut = 'publiable')
order by manque desc, bailleur
limit 5;
--    epci_nom | bailleur | numerateur | denominateur | taux | cible | manque
--    Grand Dijon | Grand Dijon Habitat | 1 | 14 | 7.1 | 25 | 3

-- 3. Combien de demandes pour un bail, et comment cela évolue-t-il ?
select epci_nom, annee, numerateur as demandes, denominateur as baux, round(valeur, 1) as tension
from marts.synthese
where indicateur = 'tension' and axe = 'epci'
order by epci_nom, annee;
--    epci_nom | annee | demandes | baux | tension
--    Alès Agglomération | 2021 | 62 | 17 | 3.6
--    Alès Agglomération | 2022 | 64 | 16 | 4
--    Alès Agglomération | 2023 | 68 | 16 | 4.3
--    Grand Dijon | 2021 | 197 | 51 | 3.9
--    Grand Dijon | 2022 | 210 | 48 | 4.4
--    Grand Dijon | 2023 | 226 | 47 | 4.8
--    Grand Paris Sud | 2021 | 409 | 54 | 7.6
--    Grand Paris Sud | 2022 | 437 | 53 | 8.2
--    Grand Paris Sud | 2023 | 471 | 48 | 9.8
--    Le Grand Chalon | 2021 | 46 | 23 | 2
--    Le Grand Chalon | 2022 | 48 | 22 | 2.2
--    Le Grand Chalon | 2023 | 50 | 20 | 2.5
--    Mulhouse Alsace Agglomération | 2021 | 172 | 45 | 3.8
--    Mulhouse Alsace Agglomération | 2022 | 182 | 44 | 4.1
--    Mulhouse Alsace Agglomération | 2023 | 193 | 42 | 4.6

-- 4. Quelles tailles de logement sont les plus demandées pour un bail ?
select periode as annee, segment as taille, sum(tension_numerateur) as demandes, sum(tension_denominateur) as baux,
    round(sum(tension_numerateur) / nullif(sum(tension_denominateur), 0), 1) as tension
from marts.tension
where
    axe = 'epci' and periode_type = 'annee' and segment_type = 'typologie' and tension_denominateur is not null
    and periode = (select max(periode) from marts.tension where periode_type = 'annee')
group by all
order by tension desc nulls last, taille;
--    annee | taille | demandes | baux | tension
--    2023 | T1 | 350 | 19 | 18.4
--    2023 | T6 | 41 | 3 | 13.7
--    2023 | T2 | 264 | 38 | 6.9
--    2023 | T5 | 66 | 10 | 6.6
--    2023 | T4 | 111 | 38 | 2.9
--    2023 | T3 | 176 | 65 | 2.7

-- 5. Combien de temps attend-on un logement, selon sa taille ? (médiane des ménages logés ; jamais une moyenne de médianes)
select modalite_libelle as territoire, segment as taille, baux, round(delai_median, 1) as mois
from marts.tension
where axe = 'epci' and periode_type = 'annee' and segment_type = 'typologie' and periode = '2022' and baux >= 11
order by territoire, taille;
--    territoire | taille | baux | mois
--    Grand Dijon | T3 | 22 | 17.3
--    Grand Dijon | T4 | 14 | 17.2
--    Grand Paris Sud | T3 | 21 | 16.1
--    Grand Paris Sud | T4 | 18 | 15.5
--    Mulhouse Alsace Agglomération | T3 | 21 | 14.4
--    Mulhouse Alsace Agglomération | T4 | 12 | 19.5

-- 6. Une mutation attend-elle plus longtemps qu'une première demande ?
select modalite_libelle as territoire, segment as demandeur, baux, delai_median_inconnus as sans_date,
    round(delai_median, 1) as mois
from marts.tension
where axe = 'epci' and periode_type = 'annee' and segment_type = 'demandeur' and periode = '2022' and baux > 0
order by territoire, demandeur;
--    territoire | demandeur | baux | sans_date | mois
--    Alès Agglomération | mutation | 5 | 0 | 13.9
--    Alès Agglomération | primo | 11 | 0 | 14.2
--    Grand Dijon | mutation | 16 | 0 | 20.8
--    Grand Dijon | primo | 32 | 0 | 17.2
--    Grand Paris Sud | inconnu | 1 | 0 | 16.1
--    Grand Paris Sud | mutation | 18 | 0 | 15.4
--    Grand Paris Sud | primo | 34 | 0 | 15
--    Le Grand Chalon | mutation | 8 | 0 | 22.5
--    Le Grand Chalon | primo | 14 | 0 | 20.1
--    Mulhouse Alsace Agglomération | mutation | 17 | 0 | 17.2
--    Mulhouse Alsace Agglomération | primo | 27 | 0 | 15.7

-- 7. Taux d'un groupe de communes : il se refait sur les comptes, là où ils s'additionnent (somme_epci).
select epci_nom, annee, count(*) as communes, sum(numerateur) as premier_quartile, sum(denominateur) as base,
    round(100 * sum(numerateur) / sum(denominateur), 1) as taux
from marts.synthese
where
    indicateur = 'hors_qpv_q1' and axe = 'commune' and somme_epci
    and modalite in ('71076', '71118', '71154') and annee between 2021 and 2023
group by all
order by annee;
--    epci_nom | annee | communes | premier_quartile | base | taux
--    Le Grand Chalon | 2021 | 2 | 2 | 6 | 33.3
--    Le Grand Chalon | 2022 | 2 | 1 | 9 | 11.1
--    Le Grand Chalon | 2023 | 1 | 2 | 5 | 40

-- 8. Parc, vacance et rotation des plus gros bailleurs ; le millésime du répertoire est celui que lit le bilan de l'année.
select modalite_libelle as bailleur, annee, any_value(millesime) as millesime,
    sum(valeur) filter (where indicateur = 'logements') as logements,
    round(sum(valeur) filter (where indicateur = 'vacance'), 1) as vacance,
    round(sum(valeur) filter (where indicateur = 'mobilite'), 1) as mobilite
from marts.synthese
where
    epci_siren = '242100410' and annee = 2022 and axe = 'bailleur'
    and indicateur in ('logements', 'vacance', 'mobilite')
group by modalite, modalite_libelle, annee
order by logements desc, bailleur
limit 5;
--    bailleur | annee | millesime | logements | vacance | mobilite
--    Orvitis | 2022 | 2023 | 176 | 1.2 | 12.5
--    Grand Dijon Habitat | 2022 | 2023 | 155 | 4 | 8.7
--    Habellis | 2022 | 2023 | 117 | 0.9 | 15
--    CDC Habitat social | 2022 | 2023 | 30 | 0 | 11.1
--    ICF Habitat Sud-Est Méditerranée | 2022 | 2023 | 14 | 0 | 0

-- 9. Quel est le loyer au m² (somme des loyers sur somme des surfaces), et où est-il le plus haut ?
select epci_nom, annee, round(valeur, 2) as loyer_m2, unite, source
from marts.synthese
where indicateur = 'loyer_m2' and axe = 'epci' and annee = 2022
order by loyer_m2 desc;
--    epci_nom | annee | loyer_m2 | unite | source
--    Grand Paris Sud | 2022 | 7.02 | eur_m2 | RPLS 2023
--    Mulhouse Alsace Agglomération | 2022 | 5.76 | eur_m2 | RPLS 2023
--    Grand Dijon | 2022 | 5.62 | eur_m2 | RPLS 2023
--    Alès Agglomération | 2022 | 5.45 | eur_m2 | RPLS 2023
--    Le Grand Chalon | 2022 | 5.35 | eur_m2 | RPLS 2023

-- 10. Dans les quartiers prioritaires d'un territoire, quelle part des baux va aux quartiles 2, 3 et 4 ?
select modalite as quartier, modalite_libelle as nom, numerateur, denominateur, inconnus, round(valeur, 1) as taux,
    petit_effectif
from marts.synthese
where epci_siren = '200066009' and annee = 2022 and axe = 'qpv' and indicateur = 'qpv_q234'
order by denominateur desc, quartier
limit 5;
--    quartier | nom | numerateur | denominateur | inconnus | taux | petit_effectif
--    QP068005 | Péricentre | 4 | 5 | 1 | 80 | oui
--    QP068006 | Drouot - Jonquilles | 2 | 5 | 0 | 40 | oui
--    QP068003 | Quartier Les Coteaux | 3 | 4 | 0 | 75 | oui
--    QP068007 | Quartier Brustlein | 2 | 3 | 0 | 66.7 | oui
--    QP068004 | Quartier De Bourtzwiller | 1 | 1 | 0 | 100 | oui

-- 11. De combien le revenu médian des quartiers est-il sous celui du territoire ? (une valeur secrète reste vide)
select t.epci_nom, t.millesime, round(t.valeur) as revenu_territoire,
    count(q.valeur) as quartiers_connus, count(*) - count(q.valeur) as quartiers_secrets,
    round(min(q.valeur)) as le_plus_bas, round(max(q.valeur)) as le_plus_haut
from marts.synthese as t
inner join marts.synthese as q
    on q.epci_siren = t.epci_siren and q.annee = t.annee and q.indicateur = t.indicateur and q.axe = 'qpv'
where t.indicateur = 'revenu_median' and t.axe = 'epci' and t.annee = 2022
group by all
order by t.epci_nom;
--    epci_nom | millesime | revenu_territoire | quartiers_connus | quartiers_secrets | le_plus_bas | le_plus_haut
--    Alès Agglomération | 2021 | 19850 | 3 | 1 | 13220 | 14690
--    Grand Dijon | 2021 | 23480 | 5 | 0 | 13450 | 14200
--    Grand Paris Sud | 2021 | 22040 | 17 | 2 | 14920 | 17220
--    Le Grand Chalon | 2021 | 21990 | 3 | 0 | 13400 | 14360
--    Mulhouse Alsace Agglomération | 2021 | 21240 | 6 | 0 | 13290 | 14020

-- 12. De quoi ne sait-on pas assez ? Les figures dont plus d'un dixième des cas n'a pas de réponse, et celles qui manquent.
select indicateur_libelle, epci_nom, statut, denominateur as base, inconnus,
    round(100 * inconnus / (denominateur + inconnus), 1) as part_inconnue
from marts.synthese
where
    axe = 'epci' and annee = 2022 and epci_siren = '247100589'
    and (statut = 'indisponible' or inconnus > 0.1 * (denominateur + inconnus))
order by part_inconnue desc nulls last, indicateur_libelle
limit 6;
--    indicateur_libelle | epci_nom | statut | base | inconnus | part_inconnue
--    Premier quartile logé en secteur fragile | Le Grand Chalon | indisponible | 0 | 2 | 100
--    Relogements hors du site | Le Grand Chalon | indisponible | 0 | 1 | 100
--    Sous-occupation du logement quitté | Le Grand Chalon | indisponible | 5 | 3 | 37.5
--    Suroccupation du logement quitté | Le Grand Chalon | indisponible | 5 | 3 | 37.5
--    Sous-occupation des demandeurs de mutation | Le Grand Chalon | indisponible | 13 | 7 | 35
--    Suroccupation des demandeurs de mutation | Le Grand Chalon | indisponible | 13 | 7 | 35
