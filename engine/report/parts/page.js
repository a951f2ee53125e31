// Puts the page together: pages, keys, light and dark, and the match that is looked at.

const PAGE = JSON.parse(byId("page").textContent);
const TABS = [["matches", "Matches"], ["returns", "After"], ["trouble", "Errors"], ["about", "About"]];
let table = null;
let view = null;
let opened = null;
let redrawReturns = null;
const charts = new Map();

function chooseTab(name) {
  for (const [id] of TABS) {
    byId(id).hidden = id !== name;
    const tab = byId(`tab-${id}`);
    tab.setAttribute("aria-selected", id === name);
    tab.tabIndex = id === name ? 0 : -1;
  }
  if (name === "returns" && !redrawReturns) redrawReturns = drawReturns(PAGE) || (() => {});
}

function drawTabs() {
  const counts = { matches: PAGE.table.rows, trouble: PAGE.trouble.errors.length + PAGE.trouble.warnings.length };
  TABS.forEach(([id, name], place) => {
    const text = counts[id] === undefined ? name : `${name} ${WHOLE.format(counts[id])}`;
    const tab = made("button", text, { role: "tab", id: `tab-${id}`, type: "button", "aria-controls": id, title: `${name} (${place + 1})` });
    tab.addEventListener("click", () => chooseTab(id));
    byId("tabs").append(tab);
  });
  byId("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const tabs = [...byId("tabs").children];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
    event.stopPropagation();
  });
  chooseTab("matches");
}

function drawHead() {
  const [first, ...others] = PAGE.formulas;
  const title = first ? (others.length ? `${PAGE.formulas.length} formulas` : first.source) : "candles";
  byId("title").textContent = title;
  document.title = `${title.split("\n")[0].slice(0, 80)} \u2013 barsweep`;
  byId("summary").textContent = [PAGE.summary, ...PAGE.notes].join("  ");
}

function say() {
  const { order, size } = table;
  byId("count").textContent = order.length === size ? `${WHOLE.format(size)} rows` : `${WHOLE.format(order.length)} of ${WHOLE.format(size)} rows`;
  byId("nothing").hidden = order.length > 0;
  byId("nothing").textContent = size ? "No match holds these words." : "Nothing was found.";
}

// The formula that found a row, among those that are laid open.
function pointOf(row) {
  const value = (name) => table.columns[table.places.get(name)]?.values[row];
  return PAGE.points.findIndex((point) => (!point.name || value("formula") === point.name)
    && Object.entries(point.settings).every(([name, setting]) => Number(value(name)) === Number(setting) || String(value(name)) === String(setting)));
}

async function chartOf(place) {
  if (!charts.has(place)) charts.set(place, loadChart(place));
  return charts.get(place);
}

async function openMatch(row) {
  if (PAGE.view === "table") return;
  opened = row;
  const place = table.symbol[row];
  byId("detail").hidden = false;
  byId("which").textContent = `${table.symbols[place]}  ${table.when(row)}`;
  if (document.readyState === "loading") await new Promise((done) => { document.addEventListener("DOMContentLoaded", done, { once: true }); });
  const data = await chartOf(place);
  if (opened !== row) return;
  drawMatch(row, data);
}

function drawMatch(row, data) {
  const number = pointOf(row);
  const point = data && number >= 0 ? data.points[number] : null;
  const described = PAGE.points[number];
  const own = [...table.symbol.keys()].filter((each) => table.symbol[each] === table.symbol[row] && pointOf(each) === number);
  byId("chart").hidden = byId("legend").hidden = !data;
  byId("without").hidden = Boolean(data) && data.ts.includes(table.ts[row]);
  if (data) {
    const lines = point && point.lines ? described.lines : [];
    const times = [...new Set(own.map((each) => table.ts[each]))].sort((a, b) => a - b);
    view.draw(data, point, lines, times, table.ts[row]);
    byId("chart").setAttribute("aria-label", `Candles of ${table.symbols[table.symbol[row]]} with ${times.length} matches`);
    byId("without").textContent = "The match lies before the bars that this page has room for.";
  } else {
    view.clear();
    byId("without").textContent = "This page has no room for the symbol's chart: the About page says how to make some.";
  }
  const at = point && point.rows ? point.rows.indexOf(row) : -1;
  byId("tree-title").hidden = at < 0;
  byId("tree").replaceChildren(...(at < 0 ? [] : [drawTree(described.tree, point.parts.map((values) => values[at]))]));
}

function closeMatch() {
  if (PAGE.view === "chart") return;
  opened = null;
  view?.clear();
  byId("detail").hidden = true;
  byId("grid").focus();
  table.draw();
}

// The match of the same symbol before or after the one that is looked at.
function step(by) {
  if (opened === null) return;
  const own = [...table.symbol.keys()].filter((row) => table.symbol[row] === table.symbol[opened]);
  own.sort((a, b) => table.ts[a] - table.ts[b] || a - b);
  const next = own[own.indexOf(opened) + by];
  if (next === undefined) return;
  const place = table.order.indexOf(next);
  if (place >= 0) table.show(place);
  openMatch(next);
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  if (opened !== null) chartOf(table.symbol[opened]).then((data) => drawMatch(opened, data));
  if (redrawReturns) redrawReturns();
}

function toggleTheme() {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}

function save() {
  const link = made("a", null, { download: "matches.csv" });
  link.href = URL.createObjectURL(new Blob([table.csv()], { type: "text/csv" }));
  link.click();
  URL.revokeObjectURL(link.href);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    if (typing) { byId("search").value = ""; table.search(""); say(); byId("grid").focus(); } else closeMatch();
    return;
  }
  if (typing) {
    if (event.target.id === "search" && (event.key === "Enter" || event.key === "ArrowDown")) { byId("grid").focus(); event.preventDefault(); }
    return;
  }
  const onTable = !byId("matches").hidden;
  const page = Math.max(1, Math.floor(byId("grid").clientHeight / ROW_HEIGHT) - 2);
  const moves = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  const deeds = {
    "/": () => { chooseTab("matches"); byId("search").focus(); byId("search").select(); },
    t: toggleTheme,
    "?": () => byId("keys").showModal(),
    "[": () => step(-1),
    "]": () => step(1),
  };
  TABS.forEach(([id], place) => { deeds[place + 1] = () => chooseTab(id); });
  if (onTable && event.key in moves && !event.target.closest("#detail")) {
    table.move(moves[event.key]);
    if (opened !== null) openMatch(table.order[table.at]);
  } else if (onTable && event.key === "Enter" && !event.target.closest("button") && table.at >= 0) {
    openMatch(table.order[table.at]);
  } else if (event.key in deeds) deeds[event.key]();
  else return;
  event.preventDefault();
}

async function begin() {
  document.body.className = PAGE.view;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  drawHead();
  drawTabs();
  if (!("DecompressionStream" in window)) {
    byId("summary").textContent = "This browser is too old to unpack the page's data: any one of 2023 or later does.";
    return;
  }
  table = new MatchTable(PAGE, await unpack(PAGE.table.data), openMatch);
  view = new ChartView(byId("chart"), byId("legend"), PAGE.intraday);
  table.draw();
  say();
  performance.mark("table-drawn");
  drawTrouble(PAGE);
  drawAbout(PAGE);
  byId("search").addEventListener("input", () => { table.search(byId("search").value); say(); });
  byId("export").addEventListener("click", save);
  byId("theme").addEventListener("click", toggleTheme);
  byId("keys-button").addEventListener("click", () => byId("keys").showModal());
  byId("close").addEventListener("click", closeMatch);
  byId("earlier").addEventListener("click", () => step(-1));
  byId("later").addEventListener("click", () => step(1));
  document.addEventListener("keydown", onKey);
  if (PAGE.view === "chart") openMatch(table.order[0]);
  else if (PAGE.view === "report") byId("grid").focus({ preventScroll: true });
}

begin();
