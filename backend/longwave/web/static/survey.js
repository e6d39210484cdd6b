// On top of a page that is complete without it: one question at a time, each answer saved as it
// is given. Which questions come is decided by the server alone.
"use strict";
(() => {
  const form = document.getElementById("survey");
  if (!form) return;
  const steps = [...form.querySelectorAll(".item")];
  const status = document.getElementById("saved");
  const count = document.getElementById("count");
  const left = document.getElementById("left");
  const back = document.getElementById("back");
  const go = document.getElementById("go");
  const final = document.getElementById("final");
  const dispute = document.getElementById("dispute");
  const says = form.dataset;
  const REFUSED = "prefer-not-to-answer";
  const TYPING = 1200; // ms of rest after which what is being written is saved
  const finish = go.textContent;
  let place = 0;
  let attempt = 0; // counts presses, so that one that is waited for can be given up
  let leaving = false;

  // --- what is answered ---
  const idOf = (step) => step.dataset.item;
  const byId = (item) => steps.find((step) => idOf(step) === item);
  const fieldsOf = (step, name) => [...step.querySelectorAll(`[name="${name}"]`)];
  const isTicked = (field) => /^(radio|checkbox)$/.test(field.type);
  const typedIn = (step) => fieldsOf(step, idOf(step)).find((field) => !isTicked(field));

  function valuesOf(step) {
    return fieldsOf(step, idOf(step))
      .filter((field) => (isTicked(field) ? field.checked : field.value.trim()))
      .map((field) => field.value);
  }

  // --- for how long each was in sight ---
  const sight = new Map();
  let since = performance.now();

  function look() {
    const now = performance.now();
    const step = steps[place];
    if (step && !document.hidden && form.classList.contains("stepped")) {
      sight.set(step, (sight.get(step) || 0) + now - since);
    }
    since = now;
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { // visible until now
      const step = steps[place];
      if (step) sight.set(step, (sight.get(step) || 0) + performance.now() - since);
      for (const typed of [...dirty.keys()]) save(typed); // a phone may never show the page again
    }
    since = performance.now();
  });

  // --- saving ---
  const revisions = new Map();
  const faulty = new Set();
  const disputed = new Set();
  const dirty = new Map(); // step -> timer of what is being typed

  const queue = window.longwaveSaving(form, status, {
    unsent: () => dirty.size > 0 && !leaving,
    revision: (item) => revisions.get(item) ?? says.revision,
    saved(item, answer) {
      revisions.set(item, answer.revision);
      if (answer.show) onward = answer.show;
      clearFault(byId(item));
    },
    all() { if (onward && !leaving) leave(onward); }, // help that an answer asked for; it leads back
    refused(item, answer) { showFault(byId(item), answer?.error?.fields?.[item] ?? answer?.error?.message ?? ""); },
    conflicting(item, conflict) { showDispute(byId(item), conflict); },
  });
  let onward = "";

  function save(step) {
    clearTimeout(dirty.get(step));
    dirty.delete(step);
    const item = idOf(step);
    const values = valuesOf(step);
    look();
    const others = fieldsOf(step, `${item}__other`).map((field) => ["other", field.value]);
    const shown = sight.get(step);
    if (shown) others.push(["milliseconds", Math.round(shown)]);
    queue.put(item, { values: values.length ? values : [""], others });
  }

  function showFault(step, text) {
    clearFault(step);
    const said = document.createElement("p");
    said.className = "fault";
    said.id = `e-${idOf(step)}`;
    said.textContent = text;
    step.querySelector("legend").after(said);
    step.setAttribute("aria-describedby", said.id);
    const typed = typedIn(step);
    const hint = step.querySelector(".hint[id]");
    if (hint) hint.hidden = hint.textContent === text;
    if (typed) {
      typed.setAttribute("aria-invalid", "true");
      typed.setAttribute("aria-describedby", said.id);
    }
    faulty.add(step);
  }

  function clearFault(step) {
    const said = step.querySelector(".fault");
    if (said) said.remove();
    step.removeAttribute("aria-describedby");
    const typed = typedIn(step);
    const hint = step.querySelector(".hint[id]");
    if (hint) hint.hidden = false;
    if (typed) {
      typed.removeAttribute("aria-invalid");
      if (hint) typed.setAttribute("aria-describedby", hint.id);
      else typed.removeAttribute("aria-describedby");
    }
    faulty.delete(step);
  }

  // --- two devices, two answers ---
  function showDispute(step, conflict) {
    step.querySelector(".dispute")?.remove();
    const box = dispute.content.cloneNode(true).firstElementChild;
    for (const side of ["there", "here"]) {
      box.querySelector(`[data-text="${side}"]`).textContent = conflict[side];
      box.querySelector(`[data-choose="${side}"]`).addEventListener("click", () => settle(step, side, conflict));
    }
    step.prepend(box);
    disputed.add(step);
    if (steps[place] !== step) show(steps.indexOf(step));
    box.querySelector("button").focus();
  }

  function settle(step, side, conflict) {
    disputed.delete(step);
    step.querySelector(".dispute").remove();
    revisions.set(idOf(step), conflict.revision);
    if (side === "here") { save(step); focusOn(step); return; }
    for (const field of fieldsOf(step, idOf(step))) {
      if (isTicked(field)) field.checked = conflict.values.includes(field.value);
      else field.value = conflict.value === REFUSED ? "" : conflict.value;
    }
    for (const field of fieldsOf(step, `${idOf(step)}__other`)) field.value = conflict.other;
    settleSlider(step);
    queue.say("saved");
    focusOn(step);
  }

  // --- answers that exclude each other ---
  function exclude(step, field) {
    const isLone = (one) => one.value === REFUSED || "exclusive" in one.dataset;
    const given = isTicked(field) ? field.checked : Boolean(field.value.trim());
    if (!given) return;
    for (const one of fieldsOf(step, idOf(step))) {
      if (one === field || !(isLone(field) || isLone(one))) continue;
      if (isTicked(one)) one.checked = false;
      else one.value = "";
    }
    settleSlider(step);
  }

  form.addEventListener("change", (event) => {
    const step = event.target.closest(".item");
    if (!step || !event.target.name) return;
    if (event.target.name.endsWith("__counts")) return; // that goes with the page
    if (event.target.name === idOf(step)) exclude(step, event.target);
    save(step);
  });
  form.addEventListener("input", (event) => {
    const step = event.target.closest(".item");
    if (!step || !event.target.name || isTicked(event.target)) return;
    if (event.target.name === `${idOf(step)}__other` && event.target.value) {
      const other = fieldsOf(step, idOf(step)).find((field) => "other" in field.dataset);
      if (other && !other.checked) { other.checked = true; exclude(step, other); }
    }
    clearTimeout(dirty.get(step));
    const waits = event.target.dataset.whole === undefined;
    dirty.set(step, waits ? setTimeout(() => save(step), TYPING) : 0);
  });

  // --- sliders: the thumb shows only where somebody has put it ---
  function settleSlider(step) {
    const slider = step.querySelector("input[type=range]");
    if (!slider) return;
    const given = typedIn(step).value;
    slider.classList.toggle("untouched", given === "");
    slider.setAttribute("aria-valuetext", given === "" ? says.untouched : given);
    if (given !== "") slider.value = given;
  }

  for (const step of steps) {
    const slider = step.querySelector("input[type=range]");
    if (!slider) continue;
    const number = typedIn(step);
    const take = () => {
      number.value = slider.value;
      exclude(step, number);
      settleSlider(step);
      dirty.set(step, 0);
    };
    slider.addEventListener("input", take);
    // Where the thumb happens to wait, a click or a key moves nothing, and is an answer as well.
    slider.addEventListener("click", () => { if (number.value === "") { take(); save(step); } });
    slider.addEventListener("keydown", (event) => {
      if (/^(Enter| )$/.test(event.key)) { event.preventDefault(); take(); save(step); }
    });
    slider.addEventListener("change", () => { take(); save(step); });
    number.addEventListener("input", () => settleSlider(step));
    slider.closest("[data-needs-script]").hidden = false;
    settleSlider(step);
  }

  // --- one question at a time ---
  const fragment = (step) => `#${step.id}`;

  function show(next) {
    look();
    place = next;
    steps.forEach((step, index) => { step.hidden = index !== place; });
    const { number } = steps[place].dataset;
    left.textContent = steps[place].dataset.left;
    count.textContent = (number ? says.count : says.reading).replace("{number}", number);
    document.title = `${says.title} · ${count.textContent}`;
    const last = place === steps.length - 1 || "edits" in says;
    go.textContent = last ? finish : says.next;
    if (final) final.hidden = !last;
    back.hidden = place === 0 && "first" in back.dataset;
  }

  function focusOn(step) {
    const field = step.querySelector("input:checked") || step.querySelector("input:not([hidden]), textarea, .statement");
    const target = field && field.offsetParent ? field : step.querySelector("legend, h2");
    window.scrollTo(0, 0);
    target?.focus();
  }

  function turnTo(next) {
    const from = place;
    show(next);
    history.pushState({ from, step: place }, "", location.pathname + location.search);
    focusOn(steps[place]);
  }

  function turnBack() {
    attempt += 1;
    queue.wake();
    if (history.state?.from === place - 1) history.back();
    else turnTo(place - 1);
  }

  function leave(address) {
    leaving = true;
    location.assign(address);
  }

  async function forward() {
    const step = steps[place];
    const mine = ++attempt;
    if (dirty.has(step)) save(step);
    // What is typed may be wrong, and only the server knows; a tick is what it is.
    if (typedIn(step) && queue.isWaiting(idOf(step))) {
      await queue.settled(idOf(step));
      if (mine !== attempt) return;
    }
    if (faulty.has(step) || disputed.has(step)) { focusOn(step); return; }
    if ("required" in step.dataset && valuesOf(step).length === 0) {
      showFault(step, says.missing);
      focusOn(step);
      return;
    }
    if (place < steps.length - 1 && !("edits" in says)) turnTo(place + 1);
    else send("next");
  }

  // Ends the page: once everything has arrived, the server says where to go.
  async function send(where, address = form.getAttribute("action")) {
    const mine = ++attempt;
    const wanted = () => mine === attempt;
    for (const step of [...dirty.keys()]) save(step);
    await queue.emptied(wanted);
    if (!wanted() || leaving) return;
    const open = steps.findIndex((step) => faulty.has(step) || disputed.has(step));
    if (open >= 0 && where === "next") { turnTo(open); return; }
    const fields = [...new FormData(form), ["go", where]];
    const answer = await queue.send(address, fields, wanted);
    if (answer === null) return;
    if (answer.ok) { leave(answer.body.go + (where === "stay" ? fragment(steps[place]) : "")); return; }
    leaving = true; // the server has something to say about the page, and shows it again
    const button = document.createElement("input");
    Object.assign(button, { type: "hidden", name: "go", value: where });
    form.append(button);
    form.action = address;
    HTMLFormElement.prototype.submit.call(form);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (leaving) return;
    const wanted = event.submitter;
    if (wanted === back && place > 0 && !("edits" in says)) turnBack();
    else if (wanted && wanted.name === "go") send(wanted.value, wanted.getAttribute("formaction") ?? undefined);
    else forward();
  });
  window.addEventListener("popstate", (event) => {
    if (!steps[event.state?.step]) return;
    attempt += 1;
    queue.wake();
    show(event.state.step);
    focusOn(steps[place]);
  });
  // A link waits for what is on its way, unless the connection is lost.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.hash || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const step of [...dirty.keys()]) save(step);
    if (!queue.isWaiting()) return;
    event.preventDefault();
    await queue.settled();
    if (!leaving) location.assign(link.href);
  });
  // A page that comes out of the browser's memory shows what was, not what is saved.
  window.addEventListener("pageshow", async (event) => {
    if (!event.persisted) return;
    leaving = false;
    await queue.emptied(() => true);
    location.reload();
  });
  document.querySelectorAll(".summary a").forEach((link) => {
    link.addEventListener("click", (event) => {
      const found = steps.findIndex((step) => fragment(step) === link.getAttribute("href"));
      if (found < 0) return;
      event.preventDefault();
      turnTo(found);
    });
  });

  if (steps.length === 0) return;
  form.classList.add("stepped");
  const named = steps.findIndex((step) => fragment(step) === location.hash);
  const wrong = steps.findIndex((step) => step.querySelector(".fault, .dispute"));
  const open = steps.findIndex((step) => !("reading" in step.dataset) && valuesOf(step).length === 0);
  const known = steps[history.state?.step] ? history.state.step : named;
  const first = wrong >= 0 ? wrong : known >= 0 ? known : Math.max(open, 0);
  show(first);
  history.replaceState({ ...history.state, step: first }, "");
  queue.say("ready");
  // A part goes on here, whose introduction was read before.
  const goesOn = new URLSearchParams(location.search).has("page");
  if (wrong >= 0 || goesOn) focusOn(steps[first]);
})();
