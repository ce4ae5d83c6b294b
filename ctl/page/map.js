// map.js - the network: nodes, links with the key that is on them.
"use strict";

import { svg, el, byId, list, number, text, octets, bits, table, replace,
	tag } from "./dom.js";

const LEVELS = ["none", "scarce", "fair", "ample"];
const WORDS = { none: "no key", scarce: "scarce", fair: "fair",
	ample: "ample" };
const KINDS = { none: "bad", scarce: "warn", fair: "calm", ample: "good" };

let known = "";		// the topology that places are for
let places = new Map(), high = 0;

// A link as both ends announce it; the scarcer end counts.
function links(nodes) {
	const found = new Map();
	for (const n of nodes)
		for (const l of list(n.links)) {
			const ends = [text(n.kme_id), text(l.peer)].sort();
			const key = JSON.stringify(ends);
			const level = Math.max(0, LEVELS.indexOf(l.key));
			const at = found.get(key) || { ends, said: 0,
				level: 3, stock: 0, rate: 0 };
			at.said++;
			at.level = Math.min(at.level, level);
			at.stock += number(l.stock_octets);
			at.rate += number(l.octets_per_second);
			found.set(key, at);
		}
	for (const l of found.values())
		if (l.said < 2)
			l.level = 0;	// one end only: it cannot be used
	return [...found.values()];
}

// Places by forces, always the same ones for the same network.
function place(ids, edges, width, height) {
	const n = ids.length, spread = Math.sqrt(width * height / n);
	const at = ids.map((id, i) => ({
		x: width / 2 + width / 3 * Math.cos(2 * Math.PI * i / n - 2.6),
		y: height / 2 + height / 3 * Math.sin(2 * Math.PI * i / n - 2.6),
	}));
	const index = new Map(ids.map((id, i) => [id, i]));
	const rounds = n > 60 ? 150 : 400;
	for (let round = 0; round < rounds; round++) {
		const heat = spread * .3 * (1 - round / rounds);
		const force = at.map(() => ({ x: 0, y: 0 }));
		for (let i = 0; i < n; i++)
			for (let j = 0; j < i; j++)
				push(at[i], at[j], force[i], force[j],
				    (d) => -spread * spread / d);
		for (const e of edges) {
			const i = index.get(e.ends[0]), j = index.get(e.ends[1]);
			if (i !== undefined && j !== undefined)
				push(at[i], at[j], force[i], force[j],
				    (d) => d * d / spread);
		}
		at.forEach((p, i) => move(p, force[i], heat));
	}
	fit(at, width, height);
	high = lower(at);
	return new Map(ids.map((id, i) => [id, at[i]]));
}

function push(a, b, fa, fb, strength) {
	const dx = b.x - a.x || .01, dy = b.y - a.y || .01;
	const d = Math.max(1, Math.hypot(dx, dy)), f = strength(d);
	fa.x += f * dx / d;
	fa.y += f * dy / d;
	fb.x -= f * dx / d;
	fb.y -= f * dy / d;
}

function move(p, f, most) {
	const d = Math.max(.01, Math.hypot(f.x, f.y));
	p.x += f.x / d * Math.min(d, most);
	p.y += f.y / d * Math.min(d, most);
}

// Into the frame, with room for names. A chain of nodes lies flat.
function fit(at, width, height) {
	const turn = at.length > 1 ? axis(at) : 0;
	for (const p of at) {
		const x = p.x * Math.cos(turn) + p.y * Math.sin(turn);
		p.y = p.y * Math.cos(turn) - p.x * Math.sin(turn);
		p.x = x;
	}
	for (const [k, room, edge] of [["x", width, width < 520 ? 44 : 70],
	    ["y", height, 34]]) {
		const low = Math.min(...at.map((p) => p[k]));
		const high = Math.max(...at.map((p) => p[k]));
		const zoom = high - low < 1 ? 0 : (room - 2 * edge) / (high - low);
		for (const p of at)
			p[k] = zoom === 0 ? room / 2 :
			    edge + (p[k] - low) * Math.min(zoom, 3);
		const end = Math.max(...at.map((p) => p[k]));
		const begin = Math.min(...at.map((p) => p[k]));
		for (const p of at)
			p[k] += (room - end - begin) / 2;
	}
}

// As high as its nodes need with their names: a chain is flat.
function lower(at) {
	const top = Math.min(...at.map((p) => p.y)) - 34;
	for (const p of at)
		p.y -= top;
	return Math.max(...at.map((p) => p.y), 34) + 34;
}

function axis(at) {
	const mx = at.reduce((s, p) => s + p.x, 0) / at.length;
	const my = at.reduce((s, p) => s + p.y, 0) / at.length;
	let xx = 0, yy = 0, xy = 0;
	for (const p of at) {
		xx += (p.x - mx) ** 2;
		yy += (p.y - my) ** 2;
		xy += (p.x - mx) * (p.y - my);
	}
	return Math.atan2(2 * xy, xx - yy) / 2;
}

function line(l) {
	const a = places.get(l.ends[0]), b = places.get(l.ends[1]);
	if (a === undefined || b === undefined)
		return null;
	const level = LEVELS[l.level];
	const words = `${l.ends[0]} – ${l.ends[1]}: ${WORDS[level]}` +
	    (l.said < 2 ? " (one end only announces it)" : l.level === 0 ? "" :
	    `, ${octets(l.stock)}, ${bits(l.rate)}`);
	return svg("g", null, svg("title", null, words),
	    svg("path", { class: "level-" + level,
		d: `M${a.x.toFixed(1)} ${a.y.toFixed(1)}` +
		    `L${b.x.toFixed(1)} ${b.y.toFixed(1)}` }));
}

// Above all lines: a line that crosses would go through it. None lies upon
// another; the table has them all.
function label(l, short, taken) {
	const a = places.get(l.ends[0]), b = places.get(l.ends[1]);
	if (a === undefined || b === undefined)
		return null;
	const x = (a.x + b.x) / 2, y = (a.y + b.y) / 2;
	const words = WORDS[LEVELS[l.level]] + (short || l.level === 0 ? "" : " " +
	    octets(l.stock)), half = words.length * 3.3 + 4;
	if (taken.some((t) => Math.abs(t.y - y) < 18 &&
	    Math.abs(t.x - x) < t.half + half))
		return null;
	taken.push({ x, y, half });
	return svg("g", null, svg("rect", { class: "ground", x: x - half,
	    y: y - 9, width: 2 * half, height: 18, rx: 4 }),
	    svg("text", { x, y: y + 4, "text-anchor": "middle" }, words));
}

// How high the neighbours are: the name goes to the other side.
function crowd(id, edges) {
	const y = edges.filter((e) => e.ends.includes(id))
	    .map((e) => places.get(e.ends[0] === id ? e.ends[1] : e.ends[0]))
	    .filter((p) => p !== undefined).map((p) => p.y);
	return y.length === 0 ? -1 : y.reduce((a, b) => a + b) / y.length - 8;
}

function dot(n, me, away, few, edges) {
	const p = places.get(n.id), mine = n.id === me;
	const gone = away.has(n.id);
	const up = crowd(n.id, edges) > p.y;
	const name = n.id.length > 18 ? n.id.slice(0, 17) + "…" : n.id;
	return svg("g", null, svg("title", null, n.id + (gone ?
	    ": not reachable" : mine ? ": this node" : "")),
	    svg("circle", { class: "node" + (mine ? " me" : "") +
		(gone ? " away" : ""), cx: p.x, cy: p.y, r: few ? 11 : 6 }),
	    few || mine || gone ? svg("text", { class: "halo" +
		(mine ? " me-name" : ""), x: p.x, y: up ? p.y - 18 : p.y + 27,
		"text-anchor": "middle" }, name + (gone ? " ✕" : "")) : null);
}

function describe(nodes, edges, away) {
	const by = (v) => edges.filter((e) => e.level === v).length;
	return `${nodes.length} nodes, ${edges.length} links: ` +
	    LEVELS.map((l, i) => `${by(i)} ${WORDS[l]}`).reverse()
	    .join(", ") + (away.size > 0 ? `; not reachable: ` +
	    [...away].join(", ") : "") + ".";
}

// A node of which a pool says that it cannot be reached.
function unreachable(doc) {
	return new Set(list(doc.pools).filter((p) => p.reachable === false)
	    .map((p) => text(p.peer)));
}

export function showMap(doc) {
	const network = doc.network || {}, me = text(doc.kme_id);
	const away = unreachable(doc);
	const nodes = list(network.nodes).map((n) => ({
		id: text(n.kme_id), kme_id: n.kme_id, links: n.links }));
	for (const km of away)
		if (!nodes.some((n) => n.id === km))
			nodes.push({ id: km, kme_id: km, links: [] });
	const edges = links(nodes), few = nodes.length <= 16, taken = [];
	const box = byId("map");
	const width = Math.max(300, Math.round(box.clientWidth || 700));
	const height = Math.round(nodes.length <= 4 && edges.length < 4 ? 180 :
	    Math.min(560, Math.max(280, width * .52)));
	const topology = JSON.stringify([width, height, nodes.map((n) => n.id),
	    edges.map((e) => e.ends)]);

	if (topology !== known) {
		places = place(nodes.map((n) => n.id), edges, width, height);
		known = topology;
	}
	byId("network-note").textContent = describe(nodes, edges, away) +
	    (number(network.total) > list(network.nodes).length ?
	    ` The nearest ${list(network.nodes).length} of ${network.total}.`
	    : "");
	replace(box, nodes.length === 0 ? el("p", { class: "empty" },
	    "kma does not say what it knows of the network.") :
	    svg("svg", { viewBox: `0 0 ${width} ${Math.round(high)}`, role: "img",
		"aria-label": "Network map. " + describe(nodes, edges, away) },
	    ...edges.map(line),
	    ...(edges.length <= 24 ? edges.map((e) => label(e, width < 520,
		taken)) : []),
	    ...nodes.map((n) => dot(n, me, away, few, edges))));
	asTable(edges);
}

function asTable(edges) {
	const details = byId("network-table");
	const summary = details.querySelector("summary");
	let box = details.querySelector("div");
	if (box === null)
		details.append(box = el("div", { class: "scroll" }));
	summary.hidden = false;
	replace(box, table([
		["Link", (e) => e.ends.join(" – "), "id"],
		["Key", (e) => tag(KINDS[LEVELS[e.level]],
		    WORDS[LEVELS[e.level]])],
		["Stock, both directions", (e) => octets(e.stock), "num"],
		["Comes in", (e) => bits(e.rate), "num"],
	], edges, "No links are announced."));
}
