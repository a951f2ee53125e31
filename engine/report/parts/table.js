// The table of matches: only the rows in sight are in the document, however many there are.

const ROW_HEIGHT = 24;
const SPARE_ROWS = 8;

class MatchTable {
  constructor(page, data, onOpen) {
    const table = page.table;
    this.intraday = page.intraday;
    this.symbols = table.symbols;
    this.symbol = data.symbol;
    this.ts = summed(data.ts);
    this.size = table.rows;
    const own = [{ name: "symbol", kind: "symbol" }, { name: "ts", kind: "ts" }];
    this.columns = [...own, ...table.columns.map((column, place) => ({ ...column, values: data.values[place] }))];
    this.places = new Map(this.columns.map((column, place) => [column.name, place]));
    this.order = Uint32Array.from({ length: this.size }, (_, row) => row);
    this.sorted = { column: 1, descending: true };
    this.at = this.size ? 0 : -1;
    this.onOpen = onOpen;
    this.stamps = new Map();
    this.pool = [];
    this.grid = byId("grid");
    this.body = byId("rows");
    this.makeHeads();
    this.sort();
    this.listen();
  }

  // What a cell says.
  text(row, column) {
    if (column.kind === "symbol") return this.symbols[this.symbol[row]];
    if (column.kind === "ts") return this.when(row);
    return shown(column.values[row], column.kind);
  }

  when(row) {
    const seconds = this.ts[row];
    if (!this.stamps.has(seconds)) this.stamps.set(seconds, stamp(seconds, this.intraday));
    return this.stamps.get(seconds);
  }

  makeHeads() {
    const heads = byId("heads");
    this.grid.setAttribute("aria-colcount", this.columns.length);
    const widths = this.columns.map((column) => {
      if (column.kind === "symbol") return `${Math.min(24, this.symbols.reduce((most, symbol) => Math.max(most, symbol.length), 7) + 3)}ch`;
      if (column.kind === "ts") return this.intraday ? "20ch" : "14ch";
      const width = Math.min(24, Math.max(11, column.name.length + 4));
      return `minmax(${width}ch, ${width + 3}ch)`;
    });
    this.template = widths.join(" ");
    heads.style.gridTemplateColumns = this.template;
    this.heads = this.columns.map((column, place) => {
      const head = made("div", null, { role: "columnheader", "aria-colindex": place + 1 });
      if (column.kind === "number") head.className = "number";
      const button = made("button", column.name, { type: "button", title: column.name });
      button.addEventListener("click", () => this.sortBy(place));
      head.append(button);
      heads.append(head);
      return head;
    });
  }

  sortBy(place) {
    const same = this.sorted.column === place;
    const first = this.columns[place].kind === "number" || this.columns[place].kind === "ts";
    this.sorted = { column: place, descending: same ? !this.sorted.descending : first };
    this.sort();
    this.at = Math.min(this.at, 0);
    this.grid.scrollTop = 0;
    this.draw();
  }

  // Undefined values stand last, whichever way; rows that are equal stay in the order of the scan.
  sort() {
    const { column, descending } = this.sorted;
    const keys = this.keys(this.columns[column]);
    const sign = descending ? -1 : 1;
    this.order.sort((a, b) => {
      const [left, right] = [keys[a], keys[b]];
      if (left === right) return a - b;
      if (left === null) return 1;
      if (right === null) return -1;
      return left < right ? -sign : sign;
    });
    this.heads.forEach((head, place) => {
      head.setAttribute("aria-sort", place !== column ? "none" : descending ? "descending" : "ascending");
      const mark = place !== column ? "" : descending ? " \u25be" : " \u25b4";
      head.firstChild.textContent = this.columns[place].name + mark;
    });
  }

  keys(column) {
    if (column.kind === "ts") return this.ts;
    if (column.kind !== "symbol") return column.values;
    const ranks = [...this.symbols.keys()].sort((a, b) => (this.symbols[a] < this.symbols[b] ? -1 : 1));
    const rank = new Array(ranks.length);
    ranks.forEach((symbol, place) => { rank[symbol] = place; });
    return this.symbol.map((symbol) => rank[symbol]);
  }

  // Rows that hold every word of a text, wherever.
  search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const symbols = this.symbols.map((symbol) => symbol.toLowerCase());
    const others = this.columns.filter((column) => column.kind === "text");
    const holds = (row, word) => symbols[this.symbol[row]].includes(word) || this.when(row).includes(word)
      || others.some((column) => String(column.values[row] ?? "").toLowerCase().includes(word));
    const found = [];
    for (let row = 0; row < this.size; row += 1) {
      if (words.every((word) => holds(row, word))) found.push(row);
    }
    this.order = Uint32Array.from(found);
    this.sort();
    this.at = this.order.length ? 0 : -1;
    this.grid.scrollTop = 0;
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.grid.scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const fits = Math.ceil(this.grid.clientHeight / ROW_HEIGHT) + 2 * SPARE_ROWS;
    const last = Math.min(this.order.length, first + fits);
    this.body.style.height = `${this.order.length * ROW_HEIGHT}px`;
    this.grid.setAttribute("aria-rowcount", this.order.length + 1);
    while (this.pool.length < last - first) this.pool.push(this.makeRow());
    this.pool.forEach((element, place) => this.fill(element, first + place < last ? first + place : -1));
    const row = this.pool.find((element) => element.place === this.at);
    if (row) this.grid.setAttribute("aria-activedescendant", row.id);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  makeRow() {
    const element = made("div", null, { role: "row", class: "row", id: `row-${this.pool.length}` });
    element.style.gridTemplateColumns = this.template;
    for (const column of this.columns) {
      element.append(made("div", "", { role: "gridcell", class: column.kind === "number" ? "number" : undefined }));
    }
    element.addEventListener("click", () => { this.show(element.place); this.onOpen(this.order[element.place]); });
    this.body.append(element);
    return element;
  }

  fill(element, place) {
    element.hidden = place < 0;
    element.place = place;
    if (place < 0) return;
    element.style.top = `${place * ROW_HEIGHT}px`;
    element.setAttribute("aria-rowindex", place + 2);
    element.setAttribute("aria-selected", place === this.at);
    this.columns.forEach((column, number) => {
      element.children[number].textContent = this.text(this.order[place], column);
    });
  }

  // Bring a row into sight and make it the one at hand.
  show(place) {
    if (place < 0 || !this.order.length) return;
    this.at = Math.min(place, this.order.length - 1);
    const head = byId("heads").offsetHeight;
    const [top, bottom] = [this.at * ROW_HEIGHT, (this.at + 1) * ROW_HEIGHT + head];
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    if (bottom > this.grid.scrollTop + this.grid.clientHeight) this.grid.scrollTop = bottom - this.grid.clientHeight;
    this.draw();
  }

  move(by) {
    this.show(Math.max(0, Math.min(this.order.length - 1, this.at + by)));
  }

  listen() {
    this.grid.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.grid);
  }

  // The rows that are shown, in their order. Cells that a spreadsheet would run begin with an apostrophe.
  csv() {
    const cell = (value) => {
      const text = /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
      return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const plain = (row, column) => {
      if (column.kind !== "number") return this.text(row, column);
      return column.values[row] === null ? "" : String(column.values[row]);
    };
    const lines = [this.columns.map((column) => cell(column.name)).join(",")];
    for (const row of this.order) lines.push(this.columns.map((column) => cell(plain(row, column))).join(","));
    return `${lines.join("\n")}\n`;
  }
}
