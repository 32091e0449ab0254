"use strict";
// Hides the sheets and the rows that lack a word; without script the page is whole, and the box is not shown.
const boite = document.getElementById("recherche");
const mots = document.getElementById("mots");
const trouves = document.getElementById("trouves");
const nu = (texte) => texte.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
const fiches = [...document.querySelectorAll("[id^='indicateur-'], [id^='table-']")].map((fiche) => ({
  fiche,
  texte: nu(fiche.textContent),
  titre: nu(fiche.firstElementChild.textContent),
  lignes: fiche.id.startsWith("table-")
    ? [...fiche.querySelectorAll("tbody tr")].map((ligne) => ({ ligne, texte: nu(ligne.textContent) }))
    : [],
}));
const parties = [...document.querySelectorAll("main section")].filter((s) => s.querySelector("section"));
function chercher() {
  const cherches = nu(mots.value).split(/\s+/).filter(Boolean);
  const dans = (texte) => cherches.every((mot) => texte.includes(mot));
  let nombre = 0;
  for (const { fiche, texte, titre, lignes } of fiches) {
    const visible = dans(texte);
    fiche.hidden = !visible;
    nombre += visible ? 1 : 0;
    // Words of several rows, or of the title: the whole table is the answer.
    const precises = lignes.some((l) => dans(l.texte)) && !dans(titre);
    for (const l of lignes) l.ligne.hidden = precises && !dans(l.texte);
    for (const pli of fiche.querySelectorAll("details")) pli.open = cherches.length > 0;
  }
  for (const partie of parties) {
    partie.hidden = cherches.length > 0 && !partie.querySelector("[id^='indicateur-']:not([hidden]), [id^='table-']:not([hidden])");
  }
  trouves.value = cherches.length ? `${nombre} sur ${fiches.length}` : "";
}
boite.hidden = false;
boite.addEventListener("submit", (e) => e.preventDefault());
mots.addEventListener("input", chercher);
