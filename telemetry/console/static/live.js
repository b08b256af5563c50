// Asks for the same page again every few seconds and puts its live regions in the place of these:
// not those that somebody is in, and only what has changed.
"use strict";

(() => {
  const seconds = Number(document.querySelector("[data-refresh]")?.dataset.refresh);
  if (!seconds) return;

  const LONGEST = 60_000; // milliseconds that a page may take
  const problem = document.querySelector("[data-problem]");
  const lastSent = new Map();
  let due = false;

  const regionsOf = (page) => [...page.querySelectorAll("[data-live]")];

  /** Tell whether somebody is in a region: with the focus, with selected text, with a ticked box. */
  function isInUse(region) {
    if (region.querySelector("input[type=checkbox]:checked")) return true;
    const selection = getSelection();
    const holds = !selection.isCollapsed && region.contains(selection.anchorNode);
    return holds || (region.contains(document.activeElement) && document.activeElement !== region);
  }

  function replace(region, fresh) {
    const isTurned = (each) => each.open !== each.hasAttribute("data-open");
    const turned = [...region.querySelectorAll("details[data-keep]")].filter(isTurned);
    const states = new Map(turned.map((each) => [each.dataset.keep, each.open]));
    for (const each of fresh.querySelectorAll("details[data-keep]")) {
      each.open = states.get(each.dataset.keep) ?? each.open;
    }
    region.className = fresh.className;
    region.replaceChildren(...fresh.childNodes);
  }

  async function ask() {
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(LONGEST) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok) {
        return page.querySelector("[role=alert]")?.textContent ?? `The console answers ${answer.status}.`;
      }
      const found = new Map(regionsOf(page).map((each) => [each.dataset.live, each]));
      for (const region of regionsOf(document)) {
        const fresh = found.get(region.dataset.live);
        if (!fresh || isInUse(region)) continue;
        const sent = fresh.outerHTML;
        if (lastSent.get(region.dataset.live) !== sent) replace(region, document.importNode(fresh, true));
        lastSent.set(region.dataset.live, sent);
      }
      return "";
    } catch {
      return "The console does not answer: is it still up?";
    }
  }

  async function refresh() {
    due = document.hidden;
    if (due) return;
    const words = await ask();
    if (problem.textContent !== words) problem.textContent = words;
    setTimeout(refresh, seconds * 1000);
  }

  for (const region of regionsOf(document)) lastSent.set(region.dataset.live, region.outerHTML);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && due) refresh();
  });
  setTimeout(refresh, seconds * 1000);
})();
