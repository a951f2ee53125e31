// What came after the matches: it looks ahead, and the page says so.

function drawReturns(page) {
  const section = byId("returns");
  const known = page.returns.map((each, place) => ({ ...each, place })).filter((each) => each.paths && each.paths.count[1]);
  section.replaceChildren(made("h2", "What came after the matches"));
  section.append(made("p", "This looks ahead: nothing here was known on the bar of the match. Entry at the close of the match, no costs. "
    + "Bars of different matches overlap, and symbols that have ended are missing where they would have gone on, so this is no proof of anything."));
  if (!known.length) {
    section.append(made("p", "There are no bars after the matches."));
    return null;
  }
  const body = made("div");
  if (known.length > 1) section.append(chooser(page, known, (each) => drawPoint(body, each, page)));
  section.append(body);
  drawPoint(body, known[0], page);
  return () => drawPoint(body, known[Number(byId("which-formula")?.value ?? 0)], page);
}

function pointName(point) {
  const settings = Object.entries(point.settings).map(([name, value]) => `${name}=${value}`);
  return [point.name, ...settings].filter(Boolean).join(" ") || point.source;
}

function chooser(page, known, onChoice) {
  const label = made("label", "formula ");
  const select = made("select", null, { id: "which-formula" });
  known.forEach((each, place) => {
    select.append(made("option", page.points.length ? pointName(page.points[each.place]) : "all", { value: place }));
  });
  select.addEventListener("change", () => onChoice(known[Number(select.value)]));
  label.append(select);
  return label;
}

async function drawPoint(body, each, page) {
  const { paths, held } = each;
  body.replaceChildren(made("h3", "Mean change of the close, in percent, by bars after the match"));
  body.append(keyOf([["mean", "accent"], ["median", "two"], ["quarter and three quarters of matches", "soft"], ["mean of all bars of these symbols", "down"]]));
  const box = made("div", null, { class: "drawn", role: "img", "aria-label": "Mean change after a match" });
  body.append(box, tableOf(paths));
  body.append(made("h3", `An account always spread evenly over the symbols that matched within the last ${held} bars`));
  body.append(keyOf([["account", "accent"], ["all of these symbols", "down"]]));
  const grown = made("div", null, { class: "drawn", role: "img", "aria-label": "Growth of the account" });
  body.append(grown);
  drawPaths(box, paths);
  drawAccount(grown, await unpack(each.account), page.intraday);
}

function keyOf(names) {
  const line = made("p");
  for (const [name, shade] of names) {
    const entry = made("span", null);
    const mark = made("span", null, { class: "key" });
    mark.style.borderTopColor = colour(shade);
    entry.append(mark, `${name}  `);
    entry.style.marginRight = "2ch";
    line.append(entry);
  }
  return line;
}

function tableOf(paths) {
  const drawn = made("table");
  const head = made("tr");
  for (const name of ["bars after", "matches", "mean %", "median %", "above 0 %", "mean of all bars %"]) head.append(made("th", name, { class: "number", scope: "col" }));
  drawn.append(head);
  for (const bars of paths.told) {
    const row = made("tr");
    const cells = [bars, paths.count[bars], paths.mean[bars], paths.median[bars], paths.hits[bars], paths.all[bars]];
    for (const cell of cells) row.append(made("td", shown(cell, "number"), { class: "number" }));
    drawn.append(row);
  }
  return drawn;
}

function drawPaths(box, paths) {
  const chart = LightweightCharts.createOptionsChart(box, { ...chartOptions(), localization: { precision: 0 } });
  const line = (values, shade, width, style = 0) => {
    const series = chart.addSeries(LightweightCharts.LineSeries, { color: colour(shade), lineWidth: width, lineStyle: style, priceLineVisible: false, lastValueVisible: false });
    series.setData(values.map((value, time) => (value === null ? { time } : { time, value })));
  };
  line(paths.low, "soft", 1, 2);
  line(paths.high, "soft", 1, 2);
  line(paths.all, "down", 2);
  line(paths.median, "two", 2);
  line(paths.mean, "accent", 3);
  chart.timeScale().fitContent();
}

function drawAccount(box, account, intraday) {
  const chart = LightweightCharts.createChart(box, chartOptions());
  chart.applyOptions({ timeScale: { timeVisible: intraday } });
  const times = summed(account.t);
  for (const [name, shade] of [["all", "down"], ["own", "accent"]]) {
    const series = chart.addSeries(LightweightCharts.LineSeries, { color: colour(shade), lineWidth: 2, priceLineVisible: false });
    series.setData(times.map((time, place) => ({ time, value: account[name][place] })));
  }
  chart.timeScale().fitContent();
}
