// Data as barsweep packs them (packing.py): JSON, deflated, in base64.

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

// Moments from their differences.
function summed(differences) {
  let sum = 0;
  return differences.map((difference) => (sum += difference));
}

// A drawn series from the differences of its whole numbers; null where it is undefined.
function restored(series) {
  const scale = 10 ** series.d;
  let sum = 0;
  return series.v.map((difference) => (difference === null ? null : (sum += difference) / scale));
}

function stamp(seconds, intraday) {
  const text = new Date(seconds * 1000).toISOString();
  return intraday ? `${text.slice(0, 10)} ${text.slice(11, 16)}` : text.slice(0, 10);
}

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const PRECISE = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });

function shown(value, kind) {
  if (value === null || value === undefined) return "";
  if (kind === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (kind === "date") return stamp(value * 86400, false);
  if (kind === "time") return stamp(Math.round(value * 60), true).slice(11);
  return (Math.abs(value) >= 1e6 ? WHOLE : PRECISE).format(value);
}

// An element with text, never with markup.
function made(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) element.setAttribute(key, value);
  }
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
