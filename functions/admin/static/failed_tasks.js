// Counts what is selected, and selects a whole page. Without it, everything else still works.
"use strict";

(() => {
  const form = document.querySelector("[data-choosing]");
  if (!form) return;

  const boxes = () => [...form.querySelectorAll("tbody input[type=checkbox]")];

  function tell() {
    const all = boxes();
    const chosen = all.filter((each) => each.checked).length;
    const every = form.querySelector("[data-all]");
    if (every) {
      every.hidden = all.length === 0;
      every.checked = chosen > 0 && chosen === all.length;
      every.indeterminate = chosen > 0 && chosen < all.length;
    }
    for (const each of form.querySelectorAll("[data-for-chosen]")) each.disabled = chosen === 0;
    const words = chosen ? `${chosen} selected` : "";
    const said = form.querySelector("[data-chosen]");
    if (said && said.textContent !== words) said.textContent = words;
  }

  // On the form, since its rows come and go.
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) {
      for (const each of boxes()) each.checked = event.target.checked;
    }
    tell();
  });
  new MutationObserver(tell).observe(form, { childList: true, subtree: true });
  addEventListener("pageshow", tell);
  document.querySelector("#done")?.focus({ preventScroll: true });
  tell();
})();
