// Units of a map are pointed at, or walked through with the arrow keys: each says what it does.
for (const figure of document.querySelectorAll("figure.units")) {
  const units = [...figure.querySelectorAll("[role=option]")];
  const [zoom, words] = [figure.querySelector(".zoom"), figure.querySelector(".unit p")];
  if (!units.length) continue;
  const centre = (unit) => {
    const box = unit.getBBox();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const show = (unit) => {
    figure.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    unit.setAttribute("aria-selected", "true");
    words.textContent = unit.getAttribute("aria-label");
    if (!zoom || !unit.dataset.box) return;
    zoom.setAttribute("viewBox", unit.dataset.box);
    zoom.removeAttribute("hidden");
  };
  const step = (unit, right, down) => {
    const [x, y] = centre(unit);
    const far = (other) => {
      const [along, beside] = centre(other).map((value, axis) => value - [x, y][axis]);
      const ahead = right ? along * right : beside * down;
      const aside = Math.abs(right ? beside : along);
      return ahead > 0.01 && aside <= 2 * ahead ? ahead + 2 * aside : Infinity;
    };
    const near = units.reduce((best, other) => (far(other) < far(best) ? other : best));
    return far(near) < Infinity ? near : unit;
  };
  const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  units[0].setAttribute("tabindex", "0");
  for (const unit of units) {
    unit.addEventListener("pointerenter", () => show(unit));
    unit.addEventListener("click", () => unit.focus());
    unit.addEventListener("focus", () => {
      for (const other of units) other.setAttribute("tabindex", other === unit ? "0" : "-1");
      show(unit);
    });
    unit.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      step(unit, ...keys[event.key]).focus();
    });
  }
}
