// On top of a page that is complete without it: saves each answer as it is given and says
// honestly whether that worked; shows one question at a time. Keeps nothing in the browser.
"use strict";
(() => {
  const form = document.getElementById("survey");
  if (!form) return;
  const items = [...form.querySelectorAll("fieldset.item")];
  const status = document.getElementById("saved");
  const count = document.getElementById("count");
  const back = document.getElementById("back");
  const go = document.getElementById("go");
  const final = document.getElementById("final");
  const says = form.dataset;

  // --- saving ---
  const waiting = new Map(); // item id -> value; the latest wins
  let busy = false;
  let pause = 1000;
  let onward = "";

  function say(kind) {
    status.textContent = says[kind];
    status.className = "saved" + (kind === "saved" ? " is-saved" : kind === "saving" ? "" : " is-unsaved");
  }

  async function send() {
    if (busy || waiting.size === 0) return;
    busy = true;
    const [item, value] = waiting.entries().next().value;
    say("saving");
    try {
      const answer = await fetch(says.save + encodeURIComponent(item), {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams({ value }),
        signal: AbortSignal.timeout ? AbortSignal.timeout(15000) : undefined,
      });
      if (answer.status >= 500) throw new Error("server");
      if (waiting.get(item) === value) waiting.delete(item);
      if (answer.ok) onward = (await answer.json()).show || onward;
      pause = 1000;
      if (answer.status === 422) say("refused");
      else if (!answer.ok) { waiting.clear(); say("gone"); }
      else if (waiting.size === 0) {
        say("saved");
        if (onward) location.assign(onward); // help that an answer asked for; it leads back
      }
    } catch {
      say("unsaved");
      setTimeout(send, pause);
      pause = Math.min(pause * 2, 30000);
      busy = false;
      return;
    }
    busy = false;
    send();
  }

  function valueOf(item) {
    const ticked = item.querySelector("input[type=checkbox]:checked, input[type=radio]:checked");
    const typed = item.querySelector("input[type=text]");
    return ticked ? ticked.value : typed ? typed.value : "";
  }

  form.addEventListener("change", (event) => {
    const item = event.target.closest("fieldset.item");
    if (!item) return;
    const typed = item.querySelector("input[type=text]");
    const refused = item.querySelector("input[type=checkbox]");
    if (typed && refused) { // an answer and its refusal exclude each other
      if (event.target === typed && typed.value) refused.checked = false;
      if (event.target === refused && refused.checked) typed.value = "";
    }
    waiting.set(event.target.name, valueOf(item));
    send();
  });
  window.addEventListener("online", send);

  // --- one question at a time ---
  if (items.length < 2) return;
  const finish = go.textContent;
  let place = 0;

  function show(next, focus) {
    place = next;
    items.forEach((item, index) => { item.hidden = index !== place; });
    count.textContent = says.count.replace("{number}", place + 1).replace("{total}", items.length);
    const last = place === items.length - 1;
    go.textContent = last ? finish : says.next;
    if (final) final.hidden = !last;
    back.hidden = place === 0 && "first" in back.dataset;
    if (focus) {
      const first = items[place].querySelector("input:checked, input");
      window.scrollTo(0, 0);
      if (first) first.focus();
    }
  }

  form.addEventListener("submit", (event) => {
    const wanted = event.submitter;
    const goesBack = wanted === back;
    if (wanted && wanted.value === "stop") return;
    if (goesBack ? place > 0 : place < items.length - 1) {
      event.preventDefault();
      show(place + (goesBack ? -1 : 1), true);
    }
  });
  document.querySelectorAll(".summary a").forEach((link) => {
    link.addEventListener("click", (event) => {
      const found = items.findIndex((item) => "#" + item.id === link.getAttribute("href"));
      if (found < 0) return;
      event.preventDefault();
      show(found, true);
    });
  });

  form.classList.add("stepped");
  const faulty = items.findIndex((item) => item.querySelector(".fault"));
  const open = items.findIndex((item) => !valueOf(item));
  show(faulty >= 0 ? faulty : Math.max(open, 0), false);
})();
