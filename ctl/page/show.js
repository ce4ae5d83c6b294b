// show.js - tiles and tables.
"use strict";

import { el, byId, list, number, text, octets, bits, count, perSecond,
	percent, duration, when, tag, table, replace } from "./dom.js";

const STATES = { ok: "good", warning: "warn", critical: "bad",
	unknown: "bad" };
const MARKS = { good: "✓ ", warn: "▲ ", bad: "■ " };

// What `qkdctl status` says.
export function showVerdict(doc) {
	const kind = STATES[doc.state] || "bad", e = byId("verdict");
	const all = list(doc.findings), findings = all.filter((f) =>
	    f.severity !== "note");

	e.textContent = MARKS[kind] + text(doc.verdict);
	e.className = "verdict " + kind;
	byId("node").textContent = text(doc.kme_id) || "a node";
	byId("version").textContent = "Version " + text(doc.version) + ".";
	document.title = (kind === "good" ? "" : MARKS[kind]) +
	    text(doc.kme_id) + " – qkdnode";
	replace(byId("missing-list"), ...findings.map((f) =>
	    el("li", null, tag(STATES[f.severity] || "bad",
		text(f.daemon) || "node"),
		el("span", null, text(f.what)),
		el("span", { class: "remedy" }, text(f.remedy)))));
	showNotes(all.filter((f) => f.severity === "note"));
	byId("missing").hidden = findings.length === 0;
	byId("missing").className = kind;
}

// Nothing is missing, but it must be known: simulated keys are no keys.
function showNotes(notes) {
	replace(byId("notes"), ...notes.map((f) => {
		const words = text(f.what);
		return el("li", null, tag("warn", words.slice(0, 1)
		    .toUpperCase() + words.slice(1)),
		    el("span", { class: "sub" }, text(f.remedy)));
	}));
	byId("notes").hidden = notes.length === 0;
}

// ---- tiles

function tile(what, value, more, kind) {
	return el("li", { class: kind }, el("div", { class: "what" }, what),
	    el("div", { class: "value" }, value),
	    el("div", { class: "more" }, more || ""));
}

const outward = (doc) => list(doc.pools).filter((p) => p.direction === "out");

function poolTile(doc) {
	const pools = outward(doc), low = number(doc.pool_low);
	if (pools.length === 0)
		return tile("Lowest pool", "–", "no peers");
	const p = pools.reduce((a, b) => number(b.octets) < number(a.octets) ?
	    b : a);
	return tile("Lowest pool", octets(p.octets), "towards " + text(p.peer),
	    number(p.octets) === 0 ? "bad" : number(p.octets) < low / 2 ?
	    "warn" : null);
}

function linkTile(doc) {
	const links = list(doc.links), up = links.filter((l) => l.usable);
	return tile("Links usable", `${up.length} of ${links.length}`,
	    bits(links.reduce((s, l) => s + number((l.stock || {})
		.agreed_octets_per_second), 0)) + " of key come in",
	    up.length < links.length ? "bad" : null);
}

function certificateTile(doc) {
	const all = list(doc.certificates);
	if (all.length === 0)
		return tile("Certificates", "–", "nothing known");
	const c = all.reduce((a, b) => number(b.days) < number(a.days) ? b : a);
	const words = { own: "certificate", ca: "CA", crl: "CRL" };
	return tile("First to expire", Math.floor(number(c.days)) + " days",
	    `${words[c.what] || text(c.what)} of ${text(c.daemon)}`,
	    dayKind(c.days));
}

function dayKind(days) {
	return number(days) < 7 ? "bad" : number(days) < 30 ? "warn" : null;
}

export function showTiles(doc, rates) {
	const c = doc.count || {}, shown = (v) => v === null ? "–" :
	    perSecond(v);
	replace(byId("tiles"),
	    tile("Keys supplied", shown(rates.enc),
		count(c.enc_keys) + " since the start"),
	    tile("Keys fetched", shown(rates.dec),
		count(c.dec_keys) + " since the start"),
	    tile("Requests refused", shown(rates.refused),
		count(number(c.enc_short) + number(c.enc_failed) +
		number(c.dec_refused) + number(c.dec_failed)) +
		" since the start", rates.refused > 0 ? "warn" : null),
	    poolTile(doc), linkTile(doc), certificateTile(doc));
}

// ---- tables

function poolState(p) {
	if (p.reachable === false)
		return tag("bad", "not reachable");
	if (p.up === false)
		return tag("bad", "no channel");
	if (p.usable === false)
		return tag("warn", "being compared");
	if (number(p.octets) === 0)
		return [tag("bad", "empty"), el("span", { class: "sub" },
		    text(p.error))];
	return tag("good", "in use");
}

// A bar up to pool_high, with pool_low marked on it.
function level(p, doc) {
	const high = Math.max(1, number(doc.pool_high), number(p.octets));
	const full = Math.min(100, 100 * number(p.octets) / high);
	const bar = el("span", { class: "bar" + (number(p.octets) === 0 ?
	    " bad" : number(p.octets) < number(doc.pool_low) / 2 ? " warn" :
	    ""), "aria-hidden": "true" }, el("i"), el("b"));
	bar.querySelector("i").setAttribute("data-full", full.toFixed(1));
	bar.querySelector("b").setAttribute("data-at",
	    (100 * number(doc.pool_low) / high).toFixed(1));
	return el("div", null, octets(p.octets), bar);
}

// A style attribute would be refused by our own policy; a property is not.
function sizeBars(box) {
	for (const e of box.querySelectorAll("[data-full]"))
		e.style.width = e.dataset.full + "%";
	for (const e of box.querySelectorAll("[data-at]"))
		e.style.left = e.dataset.at + "%";
}

function troubleFirst(pools) {
	const bad = (p) => p.reachable === false || p.up === false ||
	    p.usable === false || number(p.octets) === 0;

	return [...pools].sort((a, b) => bad(b) - bad(a));
}

export function showPools(doc) {
	const inward = new Map(list(doc.pools).filter((p) =>
	    p.direction === "in").map((p) => [text(p.peer), p]));
	replace(byId("pools"), table([
		["Peer", (p) => text(p.peer) + (p.peer === doc.kme_id ?
		    " (this node)" : ""), "id"],
		["State", poolState],
		["Our direction", (p) => level(p, doc)],
		["Theirs", (p) => inward.has(text(p.peer)) ?
		    octets(inward.get(text(p.peer)).octets) : "–", "num"],
		["Filled / used", (p) => bits(p.filled_octets_per_second) +
		    " / " + bits(p.used_octets_per_second)],
		["Waiting", (p) => count(p.waiting), "num"],
	], troubleFirst(outward(doc)), "No pools: no peers are configured."));
	sizeBars(byId("pools"));
}

function linkState(l) {
	const why = text(l.why);
	if (l.state === "up")
		return [tag("good", "up"), why === "ready" || why === "" ? "" :
		    el("span", { class: "sub" }, why)];
	return [tag(l.state === "comparing" ? "warn" : "bad", text(l.state)),
	    el("span", { class: "sub" }, why)];
}

function moduleState(l) {
	return [l.module_connected ? tag(l.simulated ? "warn" : "good",
	    l.simulated ? "simulated" : "connected") :
	    tag("bad", "not connected"),
	    el("span", { class: "sub" }, text(l.module)
		.replace(/^SIMULATED, /, ""))];
}

const stock = (l) => l.stock || {};

export function showLinks(doc) {
	replace(byId("links"), table([
		["Link", (l) => [text(l.name), el("span", { class: "sub" },
		    "to " + text(l.peer))], "id"],
		["State", linkState],
		["Key in stock", (l) => el("div", null,
		    octets(stock(l).out_octets), el("span", { class: "sub" },
		    "theirs " + octets(stock(l).in_octets)))],
		["Comes in", (l) => bits(stock(l).agreed_octets_per_second),
		    "num"],
		["QBER", (l) => typeof l.qber === "number" ?
		    percent(l.qber) : "–", "num"],
		["Module", moduleState],
	], list(doc.links), "No QKD links are configured."));
}

export function showSaes(doc) {
	const all = [...list(doc.saes)].sort((a, b) =>
	    (b.local === true) - (a.local === true));
	replace(byId("saes"), table([
		["Application", (s) => text(s.application), "id"],
		["Node", (s) => s.local ? tag("good", "this node") :
		    tag("calm", text(s.node))],
		["Connections", (s) => s.local ? count(s.connections) : "–",
		    "num"],
		["Known by", (s) => text(s.known_by)],
	], all, "No applications are known."));
}

const EVENT_KINDS = { error: "bad", warning: "warn", notice: "calm" };

export function showEvents(doc) {
	replace(byId("events"), table([
		["Time", (e) => el("time", { class: "time",
		    datetime: new Date(number(e.time_ms)).toISOString(),
		    title: new Date(number(e.time_ms)).toLocaleString() },
		    when(number(e.time_ms)))],
		["Level", (e) => tag(EVENT_KINDS[e.level] || "calm",
		    text(e.level))],
		["Daemon", (e) => text(e.daemon)],
		["Event", (e) => text(e.text), "text"],
	], list(doc.events).slice(0, 100), "Nothing has happened."));
}

export function showDaemons(doc) {
	replace(byId("daemons"), table([
		["Daemon", (d) => text(d.name), "id"],
		["State", (d) => d.up ? d.ready ? tag("good", "ready") :
		    tag("warn", "lacks something") : tag("bad", "down")],
		["Runs for", (d) => d.up && number(d.started_ms) > 0 ?
		    duration(number(doc.time_ms) - d.started_ms) : "–",
		    "num"],
	], list(doc.daemons), "None."));
}

export function showCertificates(doc) {
	const words = { own: "own", ca: "CA", crl: "CRL" };
	replace(byId("certificates"), table([
		["Name", (c) => text(c.name), "id"],
		["Of", (c) => `${words[c.what] || text(c.what)}, ` +
		    text(c.daemon)],
		["Days left", (c) => tag(dayKind(c.days) || "good",
		    String(Math.floor(number(c.days)))), "num"],
	], [...list(doc.certificates)].sort((a, b) => number(a.days) -
	    number(b.days)), "Nothing is known of certificates."));
}
