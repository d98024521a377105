// Shows moves as they happen: on the map, along the links of the graph, and in the table. Every word
// that comes from a server is written as text, never as HTML.
"use strict";

// A hop takes less than a millisecond, which nobody would see.
const HOP_MS = 500;
const PULSES_MAX = 80;
const ROWS_MAX = 8;
const FRESH_MS = 1500;

const isStill = matchMedia("(prefers-reduced-motion: reduce)");
/** The dot of each client on the map, the one that moved last at the end. */
const dots = new Map();
let dotsMax = 500;
/** Changes since the sentence about them was written. */
const changes = { shown: 0, leftOut: 0, missed: 0 };

function later(milliseconds, node) {
  setTimeout(() => node.remove(), milliseconds);
  return node;
}

/** Puts the dot of a client where it is. */
function place({ client, lat, lon, heard_by }) {
  const before = dots.get(client);
  const dot = before ?? drawn("circle", { r: 1.7, class: "dot" });
  dot.setAttribute("cx", lon);
  dot.setAttribute("cy", -lat);
  dot.replaceChildren(drawn("title", {}, `${client}: ${lat}, ${lon}, heard by ${heard_by}`));
  dots.delete(client);
  dots.set(client, dot);
  byId("dots").append(dot);
  if (dots.size > dotsMax) {
    const [oldest] = dots.keys();
    dots.get(oldest).remove();
    dots.delete(oldest);
  }
}

/** Marks the place of a move for a moment. */
function ripple({ lat, lon }) {
  byId("ripples").append(later(FRESH_MS, drawn("circle", { cx: lon, cy: -lat, r: 4, class: "ripple" })));
}

/** How many hops each server of a way is from the first. */
function hops(way) {
  const tellers = new Map(way.map(([teller, server]) => [server, teller]));
  const count = (server, most) => {
    const teller = tellers.get(server);
    return teller && most > 0 ? 1 + count(teller, most - 1) : 0;
  };
  return way.map(([, server]) => count(server, way.length));
}

/** An update runs along a link, once its teller has it. */
function run(teller, server, hop) {
  const [from, to] = [teller, server].map((name) => places.get(name));
  const pulses = byId("pulses");
  if (!from || !to || pulses.childElementCount >= PULSES_MAX) return;
  if (isStill.matches) {
    const [x1, y1, x2, y2] = [...from, ...to];
    pulses.append(later(FRESH_MS, drawn("line", { x1, y1, x2, y2, class: "told" })));
    return;
  }
  const pulse = drawn("circle", { r: 5, class: "pulse" });
  const at = ([x, y]) => ({ transform: `translate(${x}px, ${y}px)`, visibility: "visible" });
  pulses.append(later((hop + 1) * HOP_MS, pulse));
  pulse.animate([at(from), at(to)], { duration: HOP_MS, delay: (hop - 1) * HOP_MS, easing: "ease-in-out" });
}

/** A server hears a client. */
function hear(server) {
  const [x, y] = places.get(server) ?? [];
  if (x === undefined) return;
  byId("pulses").append(later(FRESH_MS, drawn("circle", { cx: x, cy: y, r: 27, class: "heard" })));
}

/** `A → B, C; B → D`, the first hop first. */
function wayWords(way) {
  const hop = hops(way);
  const sorted = way.map((step, index) => [hop[index], ...step]).sort((one, other) => one[0] - other[0]);
  const told = new Map();
  for (const [, teller, server] of sorted) {
    if (teller !== null) told.set(teller, [...(told.get(teller) ?? []), server]);
  }
  return Array.from(told, ([teller, servers]) => `${teller} → ${servers.join(", ")}`).join("; ");
}

/** A row for a move, or the rest of its way in the row that it has. */
function fillMove({ client, lat, lon, heard_by, sent, way }) {
  const key = `${client} ${sent}`;
  const body = byId("moves");
  const known = Array.from(body.children).find((row) => row.key === key);
  const row = known ?? element("tr");
  row.key = key;
  row.way = [...(known?.way ?? []), ...way];
  const name = element("th", client);
  name.scope = "row";
  const cells = [`${lat}, ${lon}`, heard_by, wayWords(row.way)];
  row.replaceChildren(name, ...cells.map((cell) => element("td", cell)));
  if (!known) body.prepend(row);
  while (body.childElementCount > ROWS_MAX) body.lastElementChild.remove();
}

function showChange({ moves, changes: told, left_out }) {
  changes.shown += told;
  changes.leftOut += left_out;
  for (const move of moves) {
    place(move);
    ripple(move);
    fillMove(move);
    const hop = hops(move.way);
    move.way.forEach(([teller, server], index) => {
      if (teller !== null) run(teller, server, hop[index]);
      else if (server === move.heard_by) hear(server);
    });
  }
  countClients();
}

function showClients({ clients, most, unwatched }) {
  dotsMax = most;
  dots.clear();
  byId("dots").replaceChildren();
  clients.forEach(place);
  fillList(byId("unwatched"), unwatched.map((why) => `The moves at ${why}`));
  countClients();
}

function countClients() {
  const many = dots.size >= dotsMax;
  const words = many ? `The ${dots.size} clients that moved last.` : `${dots.size} clients, all that the herd knows.`;
  writeText("map-words", dots.size === 1 ? "1 client, all that the herd knows." : words);
}

/** Says what was not shown in the last second. */
function countChanges() {
  const { shown, leftOut, missed } = changes;
  const count = (number) => number.toLocaleString("en");
  const sentences = [];
  if (leftOut > 0) {
    sentences.push("Too many changes to show each: in the last second "
      + `${count(shown)} were shown and ${count(leftOut)} left out.`);
  }
  if (missed > 0) sentences.push(`This page was slow, and missed ${count(missed)} changes.`);
  writeText("sample", sentences.join(" ") || "Every change is shown.");
  Object.assign(changes, { shown: 0, leftOut: 0, missed: 0 });
}

/** Hears of moves from the same source as the rest of the page. */
function follow(source) {
  source.addEventListener("change", (message) => showChange(JSON.parse(message.data)));
  source.addEventListener("clients", (message) => showClients(JSON.parse(message.data)));
  source.addEventListener("missed", (message) => { changes.missed += Number(message.data); });
}

for (const id of ["dots", "ripples"]) byId("map").append(drawn("g", { id }));
byId("moving").hidden = false;
setInterval(countChanges, 1000);
