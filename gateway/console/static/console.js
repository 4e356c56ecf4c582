// What the pages do beyond reading: they stay current, and charts can be read off. All of
// it may be missing.
"use strict";

// ---- Stay current: an event says that something is new, and the page fetches itself.

const live = document.getElementById("live");

function say(state, text) {
  if (live.textContent === text) return; // it is read aloud
  live.hidden = false;
  live.dataset.state = state;
  live.textContent = text;
}

let busy = false;
let again = false;

async function refresh() {
  if (busy || document.hidden) { again = true; return; }
  busy = true;
  again = false;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (response.ok) replace(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch { /* the stream says when the gateway is back */ }
  await new Promise((done) => setTimeout(done, 500));
  busy = false;
  if (again) refresh();
}

// replace takes the parts of the page that change over from a newer one. Focus, scrolled
// tables and what is being selected stay.
function replace(newer) {
  const selected = getSelection();
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = newer.getElementById(part.id);
    if (!next || next.innerHTML === part.innerHTML) continue;
    if (!selected.isCollapsed && part.contains(selected.anchorNode)) continue;
    const focused = part.contains(document.activeElement) ? pathOf(document.activeElement) : null;
    const scrolled = [...part.querySelectorAll(".scroll")].map((e) => e.scrollLeft);
    part.replaceChildren(...document.adoptNode(next).childNodes);
    [...part.querySelectorAll(".scroll")].forEach((e, i) => { e.scrollLeft = scrolled[i] || 0; });
    if (focused) part.querySelector(focused)?.focus({ preventScroll: true });
  }
  document.title = newer.title;
}

function pathOf(element) {
  if (element.id) return "#" + CSS.escape(element.id);
  const href = element.getAttribute("href");
  return href ? `${element.localName}[href="${CSS.escape(href)}"]` : element.localName + (element.className ? "." + CSS.escape(element.classList[0]) : "");
}

if (document.querySelector("[data-live]")) {
  const stream = new EventSource("/live");
  stream.addEventListener("hello", () => { say("on", "live"); });
  stream.addEventListener("sample", refresh);
  stream.addEventListener("change", refresh);
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) say("off", "not live: reload to refresh");
    else say("wait", "reconnecting");
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) refresh(); });
}

// ---- Charts: what the lines say where the pointer is.

function text(value, unit) {
  if (value === null || value === undefined) return "–";
  const round = (v) => (v < 10 ? Math.round(v * 100) / 100 : Math.round(v * 10) / 10);
  if (unit === "%") return round(value * 100) + " %";
  if (unit === "s") return value < 1 ? round(value * 1000) + " ms" : round(value) + " s";
  return round(value) + " " + unit;
}

function read(chart, at) {
  const data = JSON.parse(chart.dataset.chart);
  const length = Math.max(...data.series.map((s) => s.values?.length || 0));
  const i = at === null ? length - 1 : Math.round(Math.min(1, Math.max(0, at)) * (length - 1));
  const lasts = chart.closest("figure").querySelectorAll("[data-last]");
  data.series.forEach((s, n) => { lasts[n].textContent = text(s.values?.[i], data.unit); });
  const cross = chart.querySelector(".cross");
  cross.setAttribute("visibility", at === null ? "hidden" : "visible");
  if (at !== null) cross.setAttribute("transform", `translate(${(i / (length - 1)) * 560} 0)`);
}

document.addEventListener("pointermove", (event) => {
  const chart = event.target.closest?.("svg[data-chart]");
  document.querySelectorAll("svg[data-chart].read").forEach((other) => {
    if (other !== chart) { other.classList.remove("read"); read(other, null); }
  });
  if (!chart) return;
  chart.classList.add("read");
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
  read(chart, point.x / 560);
});

// ---- The theme.

const button = document.getElementById("theme");
button.hidden = false;
const show = () => { button.querySelector("span").textContent = document.documentElement.dataset.theme || "auto"; };
button.addEventListener("click", () => {
  const next = { undefined: "dark", dark: "light", light: undefined }[document.documentElement.dataset.theme];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  try {
    if (next) localStorage.setItem("theme", next);
    else localStorage.removeItem("theme");
  } catch { /* it holds for this page */ }
  show();
});
show();
