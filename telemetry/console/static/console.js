// Loads the panels of a dashboard one by one, and again as often as its reader wants.
"use strict";

(() => {
  const board = document.querySelector("[data-dashboard]");
  if (!board) return;

  const LONGEST = 120_000; // milliseconds that a panel may take
  const RESTED = 300; // milliseconds after which a window has its new size
  const seconds = Number(board.dataset.refresh);
  const panels = [...board.querySelectorAll("[data-panel][data-source]")];
  const state = document.querySelector("[data-state]");
  const updated = document.querySelector("[data-updated]");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const loading = new Set();
  let timer = 0;
  let due = false; // while the page is hidden

  const isOpen = (panel) => panel.closest("details.group").open;

  /** Return what a panel's content keeps when it is replaced: open details, scrolling, focus. */
  function remember(content) {
    const kept = [...content.querySelectorAll("[data-keep]")];
    return kept.map((each) => ({
      name: each.dataset.keep,
      open: each.open,
      top: each.scrollTop,
      left: each.scrollLeft,
      focused: each === document.activeElement,
    }));
  }

  function restore(content, kept) {
    for (const { name, open, top, left, focused } of kept) {
      const each = content.querySelector(`[data-keep="${name}"]`);
      if (!each) continue;
      if (open) each.open = true;
      each.scrollTop = top;
      each.scrollLeft = left;
      if (focused) each.focus({ preventScroll: true });
    }
  }

  /** Return a fragment of the server's, whose pictures have arrived so that nothing flickers. */
  async function parse(text) {
    const template = document.createElement("template");
    template.innerHTML = text;
    const fragment = document.importNode(template.content, true);
    addCopying(fragment);
    const pictures = [...fragment.querySelectorAll("img")];
    // One that does not come is shown by its words.
    await Promise.allSettled(pictures.map((each) => each.decode()));
    return fragment;
  }

  /** Let queries be copied. */
  function addCopying(fragment) {
    for (const query of fragment.querySelectorAll('[data-keep="sql-text"]')) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy SQL";
      button.dataset.keep = "sql-copy";
      const outcome = document.createElement("span");
      outcome.setAttribute("role", "status");
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(query.textContent);
          outcome.textContent = "Copied";
        } catch {
          outcome.textContent = "The browser does not allow it";
        }
      });
      query.before(button, " ", outcome);
    }
  }

  function paragraph(text) {
    const element = document.createElement("p");
    element.className = "bad";
    element.setAttribute("role", "alert");
    element.textContent = text;
    return element;
  }

  async function ask(panel, width) {
    const source = new URL(panel.dataset.source, location.href);
    source.searchParams.set("width", String(width));
    try {
      const answer = await fetch(source, { signal: AbortSignal.timeout(LONGEST) });
      if (answer.ok) return await parse(await answer.text());
      return paragraph(
        answer.status === 404
          ? "The definition of this dashboard has changed: reload the page."
          : `The console answered ${answer.status}.`,
      );
    } catch (error) {
      return paragraph(
        error.name === "TimeoutError"
          ? "No answer within two minutes."
          : "The console does not answer: is it still up?",
      );
    }
  }

  async function load(panel) {
    const content = panel.querySelector("[data-content]");
    loading.add(panel);
    panel.setAttribute("aria-busy", "true");
    const fresh = await ask(panel, content.clientWidth);
    const kept = remember(content);
    content.replaceChildren(fresh);
    restore(content, kept);
    panel.setAttribute("aria-busy", "false");
    loading.delete(panel);
    tell();
  }

  function tell() {
    updated.textContent = `updated ${new Date().toISOString().slice(11, 19)} UTC`;
    if (loading.size) return;
    const shown = panels.filter(isOpen);
    const failed = shown.filter((each) => each.querySelector("[data-content] > [role=alert]"));
    const all = `${shown.length} panel${shown.length === 1 ? "" : "s"}`;
    const words = failed.length ? `${all}, ${failed.length} with an error` : all;
    // It is said aloud, so only when it changes.
    if (state.textContent !== words) state.textContent = words;
  }

  /** Load all that can be seen; what is still loading is not waited for. */
  function refresh() {
    clearTimeout(timer);
    for (const panel of panels) {
      if (isOpen(panel) && !loading.has(panel)) load(panel);
    }
    if (seconds) timer = setTimeout(tick, seconds * 1000);
  }

  function tick() {
    due = document.hidden;
    if (!due) refresh();
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && due) tick();
  });
  dark.addEventListener("change", refresh);
  for (const group of board.querySelectorAll("details.group")) {
    group.addEventListener("toggle", () => {
      if (!group.open) return;
      for (const panel of panels) {
        if (group.contains(panel) && !panel.hasAttribute("aria-busy")) load(panel);
      }
    });
  }
  let width = innerWidth;
  let resting = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return; // a phone's bars come and go
    width = innerWidth;
    clearTimeout(resting);
    resting = setTimeout(refresh, RESTED);
  });
  refresh();
})();
