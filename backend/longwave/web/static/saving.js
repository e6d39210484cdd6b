// Brings each answer to the server as it is given, tries again while the connection is lost, and
// says honestly how it stands. What waits is in memory alone: nothing is kept in the browser.
"use strict";
window.longwaveSaving = (form, status, heard) => {
  const says = form.dataset;
  const sheet = document.getElementById("sheet"); // names the questionnaire that this page is of
  const waiting = new Map(); // item id -> {values, others}; the latest wins
  const lostTrack = new Map(); // item id -> what may have arrived although no answer came back
  const listeners = [];
  const FIRST_PAUSE = 1000;
  const LONGEST_PAUSE = 30000;
  const PATIENCE = 15000;
  const LIGHT = 30000; // bytes; browsers keep 64 KB alive at most
  let pause = FIRST_PAUSE;
  let timer = 0;
  let busy = false;
  let lost = false;

  function say(kind) {
    if (status.dataset.kind === kind) return; // a live region repeats itself otherwise
    status.dataset.kind = kind;
    status.textContent = says[kind];
    const how = { saved: " is-saved", saving: "", ready: "" }[kind];
    status.className = `saved${how ?? " is-unsaved"}`;
  }

  function told() {
    for (const listener of listeners.splice(0)) listener();
  }

  // Sends one request; null while there is no connection, or none that the server answers.
  async function ask(address, fields) {
    const patience = new AbortController();
    const clock = setTimeout(() => patience.abort(), PATIENCE);
    const body = new URLSearchParams(fields);
    try {
      const answer = await fetch(address, {
        method: "POST",
        headers: { Accept: "application/json" },
        body,
        keepalive: String(body).length < LIGHT, // arrives although the page is closed
        signal: patience.signal,
      });
      const content = await answer.json().catch(() => null);
      // A network that wants to be signed in to says yes to all, with a page of its own.
      const foreign = answer.ok && content === null;
      const again = foreign || answer.status >= 500 || answer.status === 408 || answer.status === 429;
      lost = again;
      if (again) say("troubled");
      else pause = FIRST_PAUSE;
      return again ? null : { status: answer.status, ok: answer.ok, body: content ?? {} };
    } catch {
      lost = true;
      say("unsaved");
      return null;
    } finally {
      clearTimeout(clock);
    }
  }

  function later() {
    const wait = pause;
    pause = Math.min(pause * 2, LONGEST_PAUSE);
    return new Promise((resolve) => {
      clearTimeout(timer);
      listeners.push(resolve);
      timer = setTimeout(told, wait);
    });
  }

  async function work() {
    if (busy) return;
    busy = true;
    while (waiting.size > 0) {
      const [item, given] = waiting.entries().next().value;
      if (!lost) say("saving");
      const fields = [...given.values.map((value) => ["value", value]), ...given.others];
      // The revision is that of this moment: an earlier answer may just have been saved from here.
      fields.push(["revision", heard.revision(item)], [sheet.name, sheet.value]);
      const answer = await ask(says.save + encodeURIComponent(item) + says.query, fields);
      if (!answer) {
        lostTrack.set(item, [...(lostTrack.get(item) ?? []), given.values.join(" ")]);
        told();
        await later();
        continue;
      }
      const { conflict } = answer.body;
      if (conflict && lostTrack.get(item)?.includes(conflict.value)) { // it was from here
        lostTrack.delete(item);
        heard.saved(item, conflict);
        continue;
      }
      lostTrack.delete(item);
      const isLatest = waiting.get(item) === given;
      if (isLatest) waiting.delete(item);
      if (answer.ok) heard.saved(item, answer.body);
      else if (answer.status === 422) { if (isLatest) { say("refused"); heard.refused(item, answer.body); } }
      else if (conflict) { if (isLatest) { say("conflicting"); heard.conflicting(item, conflict); } }
      else { waiting.clear(); say("gone"); }
      if (answer.ok && waiting.size === 0) { say("saved"); heard.all(); }
      told();
    }
    busy = false;
  }

  function hurry() {
    pause = FIRST_PAUSE;
    told();
  }
  window.addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && lost) hurry(); });
  window.addEventListener("beforeunload", (event) => {
    if (waiting.size === 0 && !heard.unsent()) return;
    event.preventDefault();
    event.returnValue = ""; // what older browsers go by
  });

  return {
    say,
    put(item, given) {
      waiting.delete(item); // to the end of the queue
      waiting.set(item, given);
      if (lost) hurry();
      work();
    },
    isWaiting: (item) => (item ? waiting.has(item) : waiting.size > 0),
    // Until an answer, or all, has reached the server, was refused, or the connection is lost.
    async settled(item) {
      while (this.isWaiting(item) && !lost) await new Promise((resolve) => listeners.push(resolve));
    },
    // Until all have; ``wanted`` may say that nobody waits for it any more.
    async emptied(wanted) {
      while (waiting.size > 0 && wanted()) await new Promise((resolve) => listeners.push(resolve));
    },
    // Sends a page, as often as it takes; null if nobody wants it any more.
    async send(address, fields, wanted) {
      for (;;) {
        const answer = await ask(address, fields);
        if (answer) return answer;
        await later();
        if (!wanted()) return null;
      }
    },
    wake: told,
  };
};
