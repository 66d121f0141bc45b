"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
  const form = $("filter"), list = $("list"), more = $("more");
  if (!form) return;

  // One envelope a line: those in the list first, then those in the data.
  const step = 500, start = 15; // where a line's status begins
  let lines, texts, found, shown;
  const load = () => {
    if (lines) return;
    lines = Array.from(list.children, (e) => e.outerHTML);
    for (const block of document.querySelectorAll("script.more")) {
      for (const line of block.textContent.split("\n")) if (line) lines.push(line);
    }
  };
  const total = Number(list.dataset.total);
  const entities = { amp: "&", lt: "<", gt: ">", quot: '"' };
  const textOf = (line) => line.replace(/<[^>]*>/g, " ")
    .replace(/&(?:#(\d+)|(\w+));/g, (all, code, name) => code ? String.fromCodePoint(code) : entities[name] || all)
    .replace(/\s+/g, " ").toLowerCase();
  const count = (n) => n.toLocaleString("en");

  const showMore = () => {
    const next = found.slice(shown, shown + step);
    list.insertAdjacentHTML("beforeend", next.join(""));
    shown += next.length;
    more.hidden = shown >= found.length;
    more.textContent = `Show ${count(Math.min(step, found.length - shown))} more of ${count(found.length - shown)}`;
  };
  const filter = () => {
    load();
    const query = $("query").value.trim().toLowerCase().replace(/\s+/g, " ");
    const statuses = new Set(Array.from(form.querySelectorAll("input:checked"), (e) => e.value));
    if (query && !texts) texts = lines.map(textOf);
    found = lines.filter((line, i) =>
      (!statuses.size || statuses.has(line.slice(start, line.indexOf('"', start)))) && (!query || texts[i].includes(query)));
    list.textContent = "";
    shown = 0;
    showMore();
    $("found").textContent = found.length === total ? `${count(total)} in all` : `${count(found.length)} of ${count(total)}`;
  };
  let timer;
  form.hidden = false;
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
  more.addEventListener("click", () => {
    if (!found) { load(); found = lines; shown = list.children.length; }
    const last = list.lastElementChild;
    showMore();
    if (last && last.nextElementSibling) { last.nextElementSibling.tabIndex = -1; last.nextElementSibling.focus({ preventScroll: true }); }
  });
  for (const tile of document.querySelectorAll(".tile a")) {
    tile.addEventListener("click", () => {
      for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = box.value === tile.dataset.status;
      $("query").value = "";
      filter();
    });
  }
  $("found").textContent = `${count(total)} in all`;
  const rest = total - list.children.length;
  more.hidden = rest === 0;
  more.textContent = `Show ${count(Math.min(step, rest))} more of ${count(rest)}`;
})();
