// Why a bar matches: the formula's parts with their values there.

const MARKS = { true: "\u2713", false: "\u2717", unknown: "?" };

// The parts in the order in which their values come, each before its children.
function partsOf(tree) {
  return [tree, ...(tree.c || []).flatMap(partsOf)];
}

function drawTree(tree, values) {
  let place = 0;
  const draw = (part, depth) => {
    const item = made("li");
    item.append(drawPart(part, values[place], depth));
    place += 1;
    if (part.c) {
      const inner = made("ul");
      inner.append(...part.c.map((child) => draw(child, depth + 1)));
      item.append(inner);
    }
    return item;
  };
  const list = made("ul", null, { class: "tree", "aria-label": "Parts of the formula" });
  list.append(draw(tree, 0));
  return list;
}

function drawPart(part, value, depth) {
  const line = made("div", null, { class: "part" });
  const unknown = value === null || value === undefined;
  if (part.k === "boolean") {
    const truth = unknown ? "unknown" : value ? "true" : "false";
    const said = unknown ? "undefined" : truth;
    line.append(made("span", MARKS[truth], { class: `mark ${truth}`, "aria-hidden": "true" }));
    line.append(made("span", said, { class: `value ${truth}` }));
  } else {
    line.append(made("span", "", { class: "mark", "aria-hidden": "true" }));
    line.append(made("span", unknown ? "undefined" : shown(value, part.k), { class: `value${unknown ? " unknown" : ""}` }));
  }
  const text = made("span", part.t, { class: "text" });
  const asides = [part.d ? ` = ${part.d}` : "", part.w ? ` (${part.w})` : ""].join("");
  text.style.paddingLeft = `${2 * depth}ch`;
  if (asides) text.append(made("span", asides, { class: "aside" }));
  line.append(text);
  if (part.u) line.setAttribute("title", part.u);
  return line;
}
