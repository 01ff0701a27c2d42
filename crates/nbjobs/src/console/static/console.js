// What the pages do beyond HTML. Without it they work, but for what is live.
"use strict";

// Pages tell the time in the browser's own zone from the second one on.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes("nbjobs_zone=")) {
  document.cookie = `nbjobs_zone=${encodeURIComponent(zone)}; Path=/console; Max-Age=31536000; SameSite=Strict`;
}

// One box selects all rows; the bar of actions says how many are selected.
for (const form of document.querySelectorAll("form[data-rows]")) {
  const all = form.querySelector("[data-all]");
  const rows = [...form.querySelectorAll("input[name=job]")];
  const count = () => {
    const selected = rows.filter((row) => row.checked).length;
    all.checked = selected > 0 && selected === rows.length;
    all.indeterminate = selected > 0 && selected < rows.length;
    form.querySelector("[data-count]").textContent = selected ? `${selected} selected` : "";
    for (const button of form.querySelectorAll("[data-bulk]")) button.disabled = selected === 0;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const row of rows) row.checked = all.checked;
    count();
  });
  form.addEventListener("change", count);
  count();
}

// A log is followed as long as its end is in sight.
const follow = (log) => {
  const toEnd = () => (log.scrollTop = log.scrollHeight);
  let follows = true;
  log.addEventListener("scroll", () => {
    follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  });
  new MutationObserver(() => follows && toEnd()).observe(log, { childList: true });
  toEnd();
};
for (const log of document.querySelectorAll("[data-follow]")) follow(log);
