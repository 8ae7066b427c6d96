// The figures are asked for again while they are looked at, and left alone while somebody is in them.
const EVERY = 5000;
const figures = document.getElementById("figures");
const liveness = document.getElementById("liveness");
const hold = document.getElementById("hold");
let held = false;

function isInUse() {
  const chosen = getSelection();
  return (
    figures.contains(document.activeElement) || (!chosen.isCollapsed && figures.contains(chosen.anchorNode))
  );
}

async function renew() {
  const answer = await fetch(figures.dataset.figures, { redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = await answer.text();
  if (held || isInUse()) return;
  const isOpen = document.getElementById("numbers")?.open;
  figures.innerHTML = fresh;
  const numbers = document.getElementById("numbers");
  if (numbers && isOpen) numbers.open = true;
}

function say(words) {
  if (liveness.textContent !== words) liveness.textContent = words;
}

async function again() {
  if (!document.hidden && !held && !isInUse()) {
    try {
      await renew();
      say("Live.");
    } catch {
      say("Not live: Portico does not answer, or you are signed out.");
    }
  }
  setTimeout(again, EVERY);
}

hold.hidden = false;
hold.addEventListener("click", () => {
  held = !held;
  hold.setAttribute("aria-pressed", String(held));
  say(held ? "Held." : "Live.");
});
say("Live.");
setTimeout(again, EVERY);
