// page.js - asks every few seconds, keeps the history, has it all shown.
"use strict";

import { el, byId, list, text, octets, perSecond, duration,
	clock } from "./dom.js";
import { showMap } from "./map.js";
import { chart, redrawAll, SERIES_MAX } from "./chart.js";
import { showVerdict, showTiles, showPools, showLinks, showSaes, showEvents,
	showDaemons, showCertificates } from "./show.js";

const EVERY_MS = 5000, HIDDEN_MS = 30000, PATIENCE_MS = 8000;
const RANGES = [[15, "15 min"], [60, "1 h"], [360, "6 h"]];

let doc = null, seen = 0;	// the latest answer, and when it came
let failures = 0, next = 0;	// when to ask again
let chosen = 0;			// 0: what there is decides
let minutes = 15;
const past = { step_ms: 10000, end_ms: 0, first: 0, next: 0,
	series: new Map() };

async function ask(path) {
	const r = await fetch(path, { cache: "no-store",
		signal: AbortSignal.timeout(PATIENCE_MS) });
	if (!r.ok)
		throw new Error(`${r.status} ${r.statusText}`);
	return r.json();
}

// ---- history

// A series that came later, or went, is null where it was not.
function merge(h) {
	if (past.series.size === 0 || h.first !== past.next) {
		past.series = new Map();
		past.first = h.first;
	}
	const before = h.first - past.first, all = h.next - past.first;
	for (const [name, values] of Object.entries(h.series || {})) {
		const have = past.series.get(name) || [];
		while (have.length < before)
			have.push(null);
		past.series.set(name, have.concat(list(values)));
	}
	const spare = Math.max(0, all - 2160);
	for (const [name, values] of past.series) {
		while (values.length < all)
			values.push(null);
		past.series.set(name, values.slice(spare));
	}
	past.first += spare;
	Object.assign(past, { step_ms: h.step_ms, end_ms: h.end_ms,
		next: h.next });
}

// The last `minutes`, with nothing before the first step.
function recent(name) {
	const n = Math.round(minutes * 60000 / past.step_ms);
	const values = (past.series.get(name) || []).slice(-n);
	return [...Array(n - values.length).fill(null), ...values];
}

function latest(name) {
	const v = past.series.get(name) || [];
	return v.length > 0 ? v[v.length - 1] : null;
}

// kind "pool": those of the lowest stock; "link": of this node.
function lowest(kind, what) {
	return [...past.series.keys()].filter((k) =>
	    k.startsWith(kind + ":") && k.endsWith(":" + what) &&
	    recent(k).some((v) => v !== null))
	    .sort((a, b) => (latest(a) ?? -1) - (latest(b) ?? -1))
	    .map((k) => ({ key: k, name: k.slice(kind.length + 1,
		-what.length - 1) }));
}

function stocks(id, title, kind, mark, markName) {
	const all = lowest(kind, "out"), some = all.slice(0, SERIES_MAX);
	return { id, title, unit: "octets", format: octets, least: 1000,
		note: all.length > some.length ?
		    `the lowest ${some.length} of ${all.length}` :
		    "our direction",
		mark, markName,
		series: some.sort((a, b) => a.name < b.name ? -1 : 1)
		    .map((s) => ({ name: s.name, values: recent(s.key) })) };
}

function fitRange() {
	const have = (past.next - past.first) * past.step_ms / 60000;
	const fits = RANGES.find(([m]) => m >= have - 1) || RANGES[2];
	if (chosen !== 0 || minutes === fits[0])
		return;
	minutes = fits[0];
	showRanges();
}

function showCharts() {
	fitRange();
	const span = { to: past.end_ms, from: past.end_ms - minutes * 60000 };
	const keys = [["supplied", "keys:enc"], ["fetched", "keys:dec"],
		["in sessions", "keys:session"],
		["requests refused", "requests:refused"]];

	chart({ id: "chart-keys", title: "Keys", unit: "keys per second",
		note: "per second", format: perSecond, least: 1, ...span,
		series: keys.map(([name, key]) => ({ name,
			values: recent(key) })) });
	chart({ ...stocks("chart-pools", "Pools", "pool", doc.pool_low,
	    "refilled below"), ...span });
	chart({ ...stocks("chart-links", "Key on links", "link"), ...span });
}

function showRanges() {
	byId("ranges").replaceChildren(...RANGES.map(([m, words]) => {
		const b = el("button", { type: "button",
			"aria-pressed": String(m === minutes) }, words);
		b.addEventListener("click", () => {
			minutes = chosen = m;
			showRanges();
			byId("ranges").querySelector("[aria-pressed=true]")
			    .focus();
			if (doc !== null)
				showCharts();
		});
		return b;
	}));
}

// ---- all of it

const PARTS = [showVerdict, (d) => showTiles(d, { enc: latest("keys:enc"),
	dec: latest("keys:dec"), refused: latest("requests:refused") }),
	showMap, showLinks, showCharts, showPools, showSaes, showEvents,
	showDaemons, showCertificates];

// What a daemon says may be odd: one part that fails leaves the others.
function show() {
	for (const part of PARTS)
		try {
			part(doc);
		} catch (e) {
			document.body.dataset.odd = String(e);
		}
	document.body.dataset.shown = text(doc.time_ms);
}

function showAge() {
	const age = Date.now() - seen, late = seen > 0 && age > 3 * EVERY_MS &&
	    failures > 0;
	byId("live").textContent = seen === 0 ? "" : failures === 0 ?
	    `live, as of ${clock(seen)}` : `as of ${clock(seen)}`;
	document.body.classList.toggle("old", late || (failures > 0 &&
	    seen === 0));
	byId("stale").hidden = failures === 0;
	if (failures > 0) {
		const words = (seen === 0 ? "No answer from this node." :
		    `No answer since ${clock(seen)}: what stands here is ` +
		    `${duration(age)} old.`) + " It is asked again in a moment.";
		if (byId("stale").textContent !== words)
			byId("stale").textContent = words;
	}
}

async function poll() {
	try {
		const [status, history] = await Promise.all([
			ask("api/status"),
			ask("api/history?since=" + past.next)]);
		doc = status;
		merge(history);
		seen = Date.now();
		failures = 0;
		show();
	} catch (e) {
		failures++;
		document.body.dataset.failed = String(e);
	}
	showAge();
	const wait = failures > 0 ? Math.min(HIDDEN_MS,
	    EVERY_MS * 2 ** Math.min(3, failures - 1)) :
	    document.hidden ? HIDDEN_MS : EVERY_MS;
	next = setTimeout(poll, wait);
}

document.addEventListener("visibilitychange", () => {
	if (document.hidden || Date.now() - seen < EVERY_MS)
		return;
	clearTimeout(next);
	poll();
});
addEventListener("resize", () => {
	if (doc === null)
		return;
	showMap(doc);
	redrawAll();
});
setInterval(showAge, 1000);
showRanges();
poll();
