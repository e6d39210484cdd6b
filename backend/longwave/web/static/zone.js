// The time zone of this device, offered; the choice itself is an ordinary select.
"use strict";
for (const select of document.querySelectorAll("select[data-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hint = select.parentElement.querySelector("[data-zone-hint]");
  if (!zone || !hint) continue;
  let option = [...select.options].find((each) => each.value === zone);
  if (!option) {
    option = new Option(zone.replaceAll("_", " "), zone);
    select.prepend(option);
  }
  if (option.selected && !("guess" in select.dataset)) continue;
  hint.textContent = select.dataset.found.replace("{place}", option.text);
  hint.hidden = false;
  if ("guess" in select.dataset) {
    option.selected = true;
    continue;
  }
  const take = document.createElement("button");
  take.type = "button";
  take.className = "plain";
  take.textContent = select.dataset.take;
  take.addEventListener("click", () => { option.selected = true; select.focus(); });
  hint.append(" ", take);
}
