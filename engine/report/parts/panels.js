// The pages beside the matches: what went wrong, and what was asked.

function grid(names, rows) {
  const drawn = made("table");
  const head = made("tr");
  head.append(...names.map((name) => made("th", name, { scope: "col" })));
  drawn.append(head);
  for (const cells of rows) {
    const row = made("tr");
    row.append(...cells.map((cell) => made("td", shown(cell, "number"), typeof cell === "number" ? { class: "number" } : {})));
    drawn.append(row);
  }
  return drawn;
}

function drawTrouble(page) {
  const { errors, defects, totals, warnings } = page.trouble;
  const section = byId("trouble");
  section.append(made("h2", "Errors"));
  if (errors.length) {
    const rows = errors.map((each) => [each.symbol, each.kind, each.message, each.rows.join(", "), each.count || ""]);
    section.append(grid(["symbol", "kind", "what is wrong", "rows", "faulty rows"], rows));
  } else section.append(made("p", "No symbol had an error."));
  section.append(made("h2", "Warnings about formulas"));
  if (warnings.length) section.append(...warnings.map((text) => made("pre", text)));
  else section.append(made("p", "None."));
  section.append(made("h2", "Faulty candles"));
  if (Object.keys(totals).length) {
    section.append(grid(["kind", "rows"], Object.entries(totals)));
    section.append(grid(["symbol", "kind", "rows"], defects.map((each) => [each.symbol, each.kind, each.count])));
  } else section.append(made("p", "None were found."));
}

function drawAbout(page) {
  const section = byId("about");
  section.append(made("h2", "Formulas"));
  for (const formula of page.formulas) {
    const facts = [formula.name, formula.dialect ? `dialect ${formula.dialect}` : ""].filter(Boolean).join(", ");
    if (facts) section.append(made("h3", facts));
    section.append(made("pre", formula.source));
  }
  section.append(made("h2", "The scan"), grid(["", ""], page.facts));
  section.append(made("h2", "What is not shown"));
  section.append(...(page.notes.length ? page.notes : ["Everything is shown."]).map((note) => made("p", note)));
  section.append(made("h2", "This page"));
  const times = page.intraday ? " Times are UTC." : "";
  section.append(made("p", `Made by barsweep ${page.version} on ${page.made} UTC. It loads nothing.${times}`));
  const credit = made("p", "Charts are drawn by ");
  credit.append(made("a", "TradingView Lightweight Charts\u2122", { href: "https://www.tradingview.com/", rel: "noopener noreferrer", target: "_blank" }));
  credit.append(", copyright (c) TradingView, Inc., under the Apache License 2.0.");
  section.append(credit);
}
