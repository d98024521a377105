// Brings the page up to date each second, and says commands to servers. Every word that comes from a
// server is written as text, never as HTML.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const RETRY_MS = 5000;

/** Where each server is in the graph. */
let places = new Map();

const byId = (id) => document.getElementById(id);

/** An element with text in it. */
function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** An element of the graph. */
function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Writes a text, unless it is there already. */
function writeText(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

/** Writes texts into the items of a list, unless it has them already: a screen reader reads changes. */
function fillList(list, texts) {
  const before = Array.from(list.children, (item) => item.textContent);
  if (JSON.stringify(before) === JSON.stringify(texts)) return;
  list.replaceChildren(...texts.map((text) => element("li", text)));
}

function fillTable(body, rows) {
  body.replaceChildren(...rows.map(({ state, cells }) => {
    const row = element("tr");
    row.className = state;
    row.append(...cells.map((cell, place) => {
      const made = element(place === 0 ? "th" : "td", cell);
      if (place === 0) made.scope = "row";
      return made;
    }));
    return row;
  }));
}

/** The servers in a circle, the links as lines between them. */
function drawGraph(servers, links, ends) {
  const radius = servers.length > 1 ? 125 : 0;
  const size = Math.max(4, Math.min(24, 320 / servers.length));
  places = new Map(servers.map(({ cells }, index) => {
    const angle = (2 * Math.PI * index) / servers.length - Math.PI / 2;
    return [cells[0], [radius * Math.cos(angle), radius * Math.sin(angle)]];
  }));
  const [lines, circles] = [[], []];
  links.forEach(({ state, cells }, index) => {
    const [one, other] = ends[index].map((name) => places.get(name));
    if (!one || !other) return;
    const line = drawn("line", {
      x1: one[0], y1: one[1], x2: other[0], y2: other[1], class: state,
    });
    line.append(drawn("title", {}, `${cells[0]}: ${cells[1]}`));
    lines.push(line);
    const lag = Math.max(0, ...(cells[2].match(/\d+(?=,|$)/g) ?? []));
    if (lag > 0 && servers.length <= 20) {
      const middle = [0, 1].map((axis) => (one[axis] + other[axis]) / 2);
      lines.push(drawn("text", { x: middle[0], y: middle[1] + 4, class: "lag" }, `${lag}`));
    }
  });
  for (const { state, cells } of servers) {
    const [x, y] = places.get(cells[0]);
    const circle = drawn("circle", { cx: x, cy: y, r: size, class: state });
    circle.append(drawn("title", {}, `${cells[0]}: ${cells[1]}`));
    circles.push(circle);
    if (servers.length > 40) continue;
    circles.push(drawn("text", { x, y, class: "count" }, state === "up" ? cells[4] : "–"));
    const below = y > 1 || servers.length === 1;
    circles.push(drawn("text", { x, y: below ? y + size + 16 : y - size - 8 }, cells[0]));
  }
  byId("lines").replaceChildren(...lines);
  byId("circles").replaceChildren(...circles);
}

function show(event) {
  document.body.className = event.level;
  document.title = `herd: ${event.level}`;
  byId("line").textContent = event.line;
  byId("at").textContent = event.time;
  byId("live").textContent = ", live";
  fillList(byId("problems"), event.problems);
  fillList(byId("remarks"), event.remarks);
  fillTable(byId("servers"), event.servers);
  fillTable(byId("links"), event.links);
  drawGraph(event.servers, event.links, event.ends);
  byId("graph-section").hidden = false;
}

function listen() {
  const source = new EventSource("/events");
  follow(source);
  source.onmessage = (message) => show(JSON.parse(message.data));
  source.onerror = () => {
    document.body.classList.add("stale");
    byId("live").textContent = ", out of date: herd web does not answer";
    // A browser gives up for good after an answer that is an error.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  };
}

function showAnswer({ line, error, places }) {
  byId("answer").hidden = false;
  byId("answer-line").textContent = line ?? "";
  byId("answer-why").textContent = error ?? "";
  const results = Array.isArray(places?.results) ? places.results : [];
  const names = results.map(({ name, vicinity }) => vicinity ? `${name}, ${vicinity}` : `${name}`);
  fillList(byId("answer-places"), names);
  byId("answer-details").hidden = places === undefined;
  byId("answer-json").textContent = places === undefined ? "" : JSON.stringify(places, null, 3);
}

async function say(submit) {
  submit.preventDefault();
  const button = submit.target.querySelector("button");
  const body = JSON.stringify({ server: byId("server").value, line: byId("words").value });
  button.disabled = true;
  try {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("/ask", { method: "POST", headers, body });
    showAnswer(await response.json());
  } catch (error) {
    showAnswer({ error: `no answer: ${error.message}` });
  } finally {
    button.disabled = false;
  }
}

for (const id of ["lines", "pulses", "circles"]) byId("graph").append(drawn("g", { id }));
byId("ask").addEventListener("submit", say);
show(JSON.parse(document.body.dataset.event));
byId("live").textContent = "";
// The script behind this one has all to follow moves with.
document.addEventListener("DOMContentLoaded", listen);
