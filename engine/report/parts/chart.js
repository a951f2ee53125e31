// One symbol's candles with the formula's indicators, drawn when somebody looks.

const LINE_COLOURS = ["one", "two", "three", "four", "five", "six"];
const AROUND = { before: 90, after: 40 };

function chartOptions() {
  const text = colour("text");
  return {
    autoSize: true,
    layout: {
      attributionLogo: false, // a style of its own, which the page's policy forbids: the About page names the library
      background: { type: "solid", color: colour("ground") },
      textColor: text,
      fontFamily: getComputedStyle(document.body).fontFamily,
      panes: { separatorColor: colour("line"), separatorHoverColor: colour("chosen") },
    },
    grid: { vertLines: { color: colour("raised") }, horzLines: { color: colour("raised") } },
    rightPriceScale: { borderColor: colour("line") },
    timeScale: { borderColor: colour("line"), rightOffset: 2 },
    crosshair: { mode: 0 },
  };
}

// What is known of a symbol: moments, candles, and for each formula its lines and the values at the matches.
async function loadChart(place) {
  const element = byId(`chart-${place}`);
  if (!element) return null;
  const packed = await unpack(JSON.parse(element.textContent));
  const series = Object.fromEntries(Object.entries(packed).filter(([, value]) => value && value.v).map(([name, value]) => [name, restored(value)]));
  const points = packed.points.map((point) => ({ ...point, lines: (point.lines || []).map(restored) }));
  return { ...series, ts: summed(packed.t), points, decimals: packed.close ? packed.close.d : 2 };
}

// A bar that lacks a field is drawn with what there is; without a close it is left out.
function candle(data, bar) {
  const time = data.ts[bar];
  const close = data.close ? data.close[bar] : null;
  if (close === null) return { time };
  const open = data.open?.[bar] ?? close;
  const high = data.high?.[bar] ?? Math.max(open, close);
  const low = data.low?.[bar] ?? Math.min(open, close);
  return { time, open, high, low, close };
}

class ChartView {
  constructor(container, legend, intraday) {
    Object.assign(this, { container, legend, intraday, chart: null });
  }

  clear() {
    if (this.chart) this.chart.remove();
    this.chart = null;
    this.container.textContent = "";
    this.legend.textContent = "";
  }

  draw(data, point, lines, matches, chosen) {
    this.clear();
    Object.assign(this, { data, drawn: [], panes: ["price"] });
    this.chart = LightweightCharts.createChart(this.container, chartOptions());
    this.chart.applyOptions({ timeScale: { timeVisible: this.intraday } });
    this.drawCandles(matches, chosen);
    if (data.volume) this.drawVolume();
    lines.forEach((line, place) => this.drawLine(line, point.lines[place], place));
    this.chart.panes().forEach((pane, place) => pane.setStretchFactor(place ? 1 : 3.2));
    const bar = data.ts.indexOf(chosen);
    const last = Math.min(this.data.ts.length + 1, Math.max(bar, 0) + AROUND.after);
    this.chart.timeScale().setVisibleLogicalRange({ from: last - AROUND.before - AROUND.after, to: last });
    this.chart.subscribeCrosshairMove((event) => this.say(event.logical ?? bar));
    this.say(bar);
  }

  drawCandles(matches, chosen) {
    const [up, down] = [colour("up"), colour("down")];
    const precision = Math.max(2, Math.min(8, this.data.decimals));
    const series = this.chart.addSeries(LightweightCharts.CandlestickSeries, {
      upColor: "transparent", downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down,
      priceLineVisible: false, lastValueVisible: false, priceFormat: { type: "price", precision, minMove: 10 ** -precision },
    });
    series.setData(this.data.ts.map((_, bar) => candle(this.data, bar)));
    const inside = matches.filter((time) => time >= this.data.ts[0] && time <= this.data.ts[this.data.ts.length - 1]);
    LightweightCharts.createSeriesMarkers(series, inside.map((time) => ({
      time, position: "belowBar", shape: time === chosen ? "arrowUp" : "circle", size: time === chosen ? 2 : 0.6,
      color: colour(time === chosen ? "accent" : "soft"),
    })));
  }

  pane(name) {
    if (!this.panes.includes(name)) this.panes.push(name);
    return this.panes.indexOf(name);
  }

  drawVolume() {
    const series = this.chart.addSeries(LightweightCharts.HistogramSeries, {
      priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false,
    }, this.pane("volume"));
    const [up, down] = [`${colour("up")}99`, `${colour("down")}99`];
    series.setData(this.data.ts.map((time, bar) => {
      const value = this.data.volume[bar];
      const falls = this.data.close && this.data.open && this.data.close[bar] < this.data.open[bar];
      return value === null ? { time } : { time, value, color: falls ? down : up };
    }));
  }

  drawLine(line, values, place) {
    const shade = colour(LINE_COLOURS[place % LINE_COLOURS.length]);
    const volume = line.pane === "volume";
    const series = this.chart.addSeries(LightweightCharts.LineSeries, {
      color: shade, lineWidth: 2, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false,
      priceFormat: volume ? { type: "volume" } : { type: "custom", minMove: 1e-8, formatter: (value) => shown(value, "number") },
    }, this.pane(line.pane));
    series.setData(this.data.ts.map((time, bar) => (values[bar] === null ? { time } : { time, value: values[bar] })));
    for (const price of line.levels) {
      series.createPriceLine({ price, color: colour("soft"), lineWidth: 1, lineStyle: 2, axisLabelVisible: true, title: "" });
    }
    this.drawn.push({ label: line.label, shade, values });
  }

  // The values of a bar above the chart.
  say(logical) {
    const bar = Math.max(0, Math.min(this.data.ts.length - 1, Math.round(logical)));
    const fields = ["open", "high", "low", "close", "volume"].filter((name) => this.data[name]);
    const said = [made("span", stamp(this.data.ts[bar], this.intraday))];
    said.push(...fields.map((name) => made("span", `${name} ${shown(this.data[name][bar], "number") || "\u2013"}`)));
    for (const { label, shade, values } of this.drawn) {
      const text = made("span", `${label} ${shown(values[bar], "number") || "\u2013"}`);
      text.style.color = shade;
      said.push(text);
    }
    this.legend.replaceChildren(...said);
  }
}
