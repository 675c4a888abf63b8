// A few lines instead of a framework. Text always becomes text nodes: nothing is parsed as HTML.

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function setProp(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "vars") setVariables(element, value);
  else if (name in element && name !== "list") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

function setVariables(element, variables) {
  for (const [name, value] of Object.entries(variables)) element.style.setProperty(name, value);
}

export function icon(path, extraClass = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${extraClass}`);
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

export const ICONS = {
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.5c1.8 2.4 5.2 2.4 7 0M9 9.5h.01M15 9.5h.01",
  send: "M4 12 20 4l-5 16-3.5-6.5L4 12Zm7.5 1.5L20 4",
  menu: "M5 7h14M5 12h14M5 17h9",
  close: "M6 6l12 12M18 6 6 18",
  pen: "M5 19h3.5L19 8.5 15.5 5 5 15.5V19Z",
  plus: "M12 5v14M5 12h14",
  clip: "m19 11.5-7.3 7.3a4.6 4.6 0 0 1-6.5-6.5l7.6-7.6a3 3 0 0 1 4.3 4.3l-7.5 7.5a1.5 1.5 0 0 1-2.2-2.1l6.8-6.8",
  cloud: "M7.5 18.5a4.5 4.5 0 0 1-.6-8.96 5.5 5.5 0 0 1 10.6 1.5A3.8 3.8 0 0 1 17 18.5H7.5Z",
  down: "M12 5v13m-6-6 6 6 6-6",
};

// Moves the focus among the buttons of one group, in two dimensions as far as rows are told.
export function arrowKeys(event, buttons) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const at = buttons.indexOf(document.activeElement);
  if (!(event.key in steps) || at < 0) return;
  event.preventDefault();
  buttons[(at + steps[event.key] + buttons.length) % buttons.length].focus();
}

export function hueOf(text) {
  let hash = 7;
  for (const character of String(text)) hash = (hash * 31 + character.codePointAt(0)) % 3600;
  return (hash * 137) % 360;
}
