"use strict";
// Headings of tables sort them: up, down, and as they were. Without scripts tables just stay.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const before = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  if (before.length < 2) continue;
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (now === "descending") return body.append(...before);
      const sign = now === "ascending" ? -1 : 1;
      head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
      body.append(...[...before].sort((a, b) => compare(a.cells[column], b.cells[column], sign)));
    });
  });
}
function compare(a, b, sign) {
  const [x, y] = [a.dataset.value, b.dataset.value];
  if (x !== undefined && y !== undefined) return sign * (x - y);
  // What is not recorded stands last, either way.
  if (x !== undefined || y !== undefined) return x === undefined ? 1 : -1;
  return sign * a.textContent.localeCompare(b.textContent, "en", { numeric: true });
}
