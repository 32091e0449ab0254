"use strict";
// Sorts and filters the tables, and finds a word in all of them. Without script the page is whole; on paper every row is.
const nu = (texte) => texte.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
const mots = (champ) => nu(champ.value).split(/\s+/).filter(Boolean);
const creer = (nom, proprietes = {}, ...enfants) => {
  const element = Object.assign(document.createElement(nom), proprietes);
  element.append(...enfants);
  return element;
};
// A number as the page writes it; what is a word (secret, indisponible, a dash) is none.
const nombre = (texte) => {
  const trouve = texte.replace(/[\s\u00a0\u202f]/g, "").replace("\u2212", "-").match(/^[✓✗]?([+-]?\d+(?:,\d+)?)(?=[%€*†a-z/]|$)/i);
  return trouve ? Number(trouve[1].replace(",", ".")) : null;
};
const SENS = ["none", "ascending", "descending"];
const FILTRE_MIN = 12;
const tables = [...document.querySelectorAll("main table")].map((table) => {
  const corps = table.tBodies[0];
  const lignes = [...corps.rows].map((ligne, rang) => ({ ligne, rang, texte: nu(ligne.textContent), forte: ligne.className === "forte" }));
  return { table, corps, lignes, titre: table.caption.textContent };
});

function trier(objet, colonne, sens) {
  const vues = objet.lignes.map((l) => {
    const texte = l.ligne.cells[colonne].textContent.trim();
    return { ...l, mot: texte, valeur: nombre(texte) };
  });
  const titre = objet.table.tHead.rows[0].cells[colonne];
  const chiffree = vues[titre.className === "nombre" ? "some" : "every"]((v) => v.valeur !== null);
  const signe = sens === "descending" ? -1 : 1;
  // The row of the whole stays last, then what has no figure.
  vues.sort((a, b) => {
    if (sens === "none") return a.rang - b.rang;
    if (a.forte !== b.forte) return a.forte ? 1 : -1;
    if (!chiffree) return signe * a.mot.localeCompare(b.mot, "fr", { numeric: true }) || a.rang - b.rang;
    if ((a.valeur === null) !== (b.valeur === null)) return a.valeur === null ? 1 : -1;
    return signe * ((a.valeur ?? 0) - (b.valeur ?? 0)) || a.rang - b.rang;
  });
  objet.corps.append(...vues.map((v) => v.ligne));
}

function rendreTriable(objet) {
  const entetes = [...objet.table.tHead.rows[0].cells];
  entetes.forEach((entete, colonne) => {
    const bouton = creer("button", { type: "button", className: "tri", title: "Trier par cette colonne" }, ...entete.childNodes);
    entete.append(bouton);
    entete.setAttribute("aria-sort", "none");
    bouton.addEventListener("click", () => {
      const sens = SENS[(SENS.indexOf(entete.getAttribute("aria-sort")) + 1) % SENS.length];
      for (const autre of entetes) autre.setAttribute("aria-sort", autre === entete ? sens : "none");
      trier(objet, colonne, sens);
    });
  });
}

function rendreFiltrable(objet) {
  const compte = creer("output");
  compte.setAttribute("aria-live", "polite");
  const champ = creer("input", { type: "search", autocomplete: "off" });
  const etiquette = creer("label", {}, "Filtrer les lignes", creer("span", { className: "cache" }, ` de ${objet.titre}`), " ", champ);
  objet.filtrer = () => {
    const cherches = mots(champ);
    let vues = 0;
    for (const l of objet.lignes) {
      l.ligne.hidden = !cherches.every((mot) => l.texte.includes(mot));
      vues += l.ligne.hidden ? 0 : 1;
    }
    compte.value = cherches.length ? `${vues} ligne${vues > 1 ? "s" : ""} sur ${objet.lignes.length}` : "";
  };
  objet.champ = champ;
  champ.addEventListener("input", objet.filtrer);
  objet.table.parentElement.before(creer("p", { className: "filtre" }, etiquette, " ", compte));
}

for (const objet of tables) {
  if (objet.lignes.length > 2) rendreTriable(objet);
  if (objet.lignes.length >= FILTRE_MIN) rendreFiltrable(objet);
}

const boite = document.getElementById("chercher");
const recherche = document.getElementById("mots");
const trouves = document.getElementById("trouves");
const liste = document.getElementById("reponses");
const MONTRES = 15;
function chercher() {
  const cherches = mots(recherche);
  const reponses = cherches.length === 0 ? [] : tables
    .map((objet) => ({ objet, nombre: objet.lignes.filter((l) => cherches.every((mot) => l.texte.includes(mot))).length }))
    .filter((r) => r.nombre > 0);
  trouves.value = cherches.length === 0 ? "" : reponses.length === 0 ? "Aucun tableau." : reponses.length === 1 ? "1 tableau." : `${reponses.length} tableaux.`;
  liste.replaceChildren(...reponses.slice(0, MONTRES).map(({ objet, nombre: lignes }) => {
    const lien = creer("a", { href: `#${objet.table.id}` }, objet.titre);
    lien.addEventListener("click", () => {
      for (let place = objet.table.parentElement; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
      if (objet.champ) {
        objet.champ.value = recherche.value;
        objet.filtrer();
      }
    });
    return creer("li", {}, lien, ` : ${lignes} ligne${lignes > 1 ? "s" : ""}`);
  }));
  if (reponses.length > MONTRES) liste.append(creer("li", {}, `et ${reponses.length - MONTRES} autres : précisez.`));
}
if (tables.length > 1) {
  boite.hidden = false;
  boite.addEventListener("submit", (e) => e.preventDefault());
  recherche.addEventListener("input", chercher);
}
// On a small screen the contents would come before everything else.
if (matchMedia("(max-width:74.99rem)").matches) document.querySelector("nav details").open = false;
// A link leads to what is folded too.
const deplier = () => {
  const cible = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  for (let place = cible; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  if (cible) cible.scrollIntoView();
};
addEventListener("hashchange", deplier);
deplier();
// Browsers that do not know how to print what is folded: opened for the time of it.
let replies = [];
addEventListener("beforeprint", () => {
  replies = [...document.querySelectorAll("main details:not([open])")];
  for (const pli of replies) pli.open = true;
});
addEventListener("afterprint", () => {
  for (const pli of replies) pli.open = false;
});
