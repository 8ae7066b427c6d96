// The figures are asked for again while they are looked at, and left alone while somebody is in them.
const EVERY = 5000;
const figures = document.getElementById("figures");
const liveness = document.getElementById("liveness");

async function renew() {
  const answer = await fetch(figures.dataset.figures, { redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = await answer.text();
  if (!figures.contains(document.activeElement)) figures.innerHTML = fresh;
}

function say(words) {
  if (liveness.textContent !== words) liveness.textContent = words;
}

async function again() {
  if (!document.hidden) {
    try {
      await renew();
      say("Live.");
    } catch {
      say("Not live: Portico does not answer, or you are signed out.");
    }
  }
  setTimeout(again, EVERY);
}

say("Live.");
setTimeout(again, EVERY);
