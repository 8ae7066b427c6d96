// Everything here is a convenience: each page works without it.
const SECONDS = 1;

// A job's figures: asked for again while somebody looks; a new state is a new page.
async function follow(part) {
  const answer = await fetch(part.dataset.live, { redirect: "error" });
  if (!answer.ok) return;
  const figures = await answer.json();
  if (figures.state !== part.dataset.state) {
    location.reload();
    return;
  }
  for (const one of part.querySelectorAll("[data-field]")) one.textContent = figures[one.dataset.field];
  part.querySelector("progress").value = figures.letters;
  await renew(String(figures.letters));
}

const live = document.querySelector("[data-live]");
const done = document.getElementById("done");
let listed = live?.querySelector("[data-field=letters]").textContent;

function isInUse(part) {
  const chosen = getSelection();
  return part.contains(document.activeElement) || (!chosen.isCollapsed && part.contains(chosen.anchorNode));
}

// The list of the job's letters: read again until its page is full, and left alone while somebody is in it.
async function renew(letters) {
  if (letters === listed || isInUse(done) || done.querySelector("[rel=next]")) return;
  const answer = await fetch(location.href, { redirect: "error" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("done");
  if (isInUse(done)) return;
  done.replaceChildren(...fresh.childNodes);
  listed = letters;
}

if (live) {
  setInterval(() => {
    if (!document.hidden) follow(live).catch(() => {});
  }, SECONDS * 1000);
}

const tickAll = document.getElementById("tick-all");
if (tickAll) {
  tickAll.hidden = false;
  tickAll.addEventListener("change", () => {
    for (const one of document.querySelectorAll("#letters input[name=id]")) one.checked = tickAll.checked;
  });
}

// Single keys act unless somebody turned them off in this browser.
const OFF = "portico-keys-off";
const keys = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");

function areOff() {
  try {
    return localStorage.getItem(OFF) !== null;
  } catch {
    return false;
  }
}

if (keys) {
  const button = document.getElementById("show-keys");
  button.hidden = false;
  button.addEventListener("click", () => keys.showModal());
  keysOn.checked = !areOff();
  keysOn.addEventListener("change", () => {
    if (keysOn.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
}

function step(by) {
  const links = [...document.querySelectorAll(".rows .row-link")];
  const row = document.activeElement?.closest(".rows tr");
  const at = links.findIndex((link) => row?.contains(link));
  const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}

function filter() {
  const first = document.querySelector("#filters input, .lookup input");
  first?.closest("details")?.setAttribute("open", "");
  first?.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || areOff()) return;
  const act = {
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement?.closest(".rows tr")?.querySelector("input[name=id]")?.click(),
    "/": filter,
    "?": () => keys?.showModal(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
