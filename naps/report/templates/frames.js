// Pictures that are steps of one thing get a slider. Without scripts the first one stays.
for (const figure of document.querySelectorAll("figure.frames")) {
  const pictures = [...figure.querySelectorAll("img[data-frame]")];
  const place = figure.querySelector(".slider");
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: pictures.length - 1, step: 1, value: 0 });
  slider.setAttribute("aria-label", place.dataset.name);
  const output = document.createElement("output");
  const turn = () => {
    pictures.forEach((picture, number) => (picture.hidden = number !== Number(slider.value)));
    output.textContent = pictures[slider.value].dataset.frame;
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  slider.addEventListener("input", turn);
  place.replaceChildren(slider, output);
  turn();
}
