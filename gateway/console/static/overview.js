"use strict";

// The figures are asked for again while they are looked at, and left alone while somebody is in them.
const EVERY = 5000;
const figures = document.getElementById("figures");
const state = document.getElementById("live");

async function renew() {
  const answer = await fetch(figures.dataset.figures, { redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  const text = await answer.text();
  if (figures.contains(document.activeElement)) return;
  figures.innerHTML = text;
}

function say(words) {
  if (state.textContent !== words) state.textContent = words;
}

async function live() {
  if (!document.hidden) {
    try {
      await renew();
      say("Live.");
    } catch {
      say("Not live: Portico does not answer, or you are signed out.");
    }
  }
  setTimeout(live, EVERY);
}

say("Live.");
setTimeout(live, EVERY);
