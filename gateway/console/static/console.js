"use strict";

// Live figures: a part of a page that says `data-live` is asked for again while its page is looked at.
const SECONDS = 1;

async function refresh(part) {
  const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  if (fresh) part.replaceWith(fresh);
}

setInterval(() => {
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-live]")) refresh(part).catch(() => {});
}, SECONDS * 1000);
