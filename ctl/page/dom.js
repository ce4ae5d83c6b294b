// dom.js - elements and numbers. Foreign text only ever becomes text.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

function fill(e, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {}))
		if (value !== null && value !== undefined && value !== false)
			e.setAttribute(name, value);
	e.append(...children.filter((c) => c !== null && c !== undefined));
	return e;
}

export function el(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

export const byId = (id) => document.getElementById(id);
export const list = (v) => Array.isArray(v) ? v : [];
export const number = (v) => typeof v === "number" && isFinite(v) ? v : 0;
export const text = (v) => v === null || v === undefined ? "" : String(v);

function scaled(v, units) {
	let i = 0;
	while (Math.abs(v) >= 999.5 && i < units.length - 1) {
		v /= 1000;
		i++;
	}
	const digits = v === 0 || Math.abs(v) >= 99.95 ? 0 :
	    Math.abs(v) >= 9.95 ? 1 : 2;
	return v.toFixed(digits).replace(/(\.\d*?)0+$/, "$1")
	    .replace(/\.$/, "") + " " + units[i];
}

export const octets = (v) => scaled(number(v), ["B", "kB", "MB", "GB", "TB"]);
export const bits = (v) => scaled(8 * number(v),
    ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]);
export const count = (v) => scaled(number(v), ["", "k", "M", "G"])
    .replace(" ", "");
export const perSecond = (v) => count(v) + "/s";
export const percent = (v) => (100 * number(v)).toFixed(1) + " %";

export function duration(ms) {
	const s = Math.max(0, Math.round(ms / 1000));
	if (s < 90)
		return s + " s";
	if (s < 5400)
		return Math.round(s / 60) + " min";
	if (s < 129600)
		return Math.round(s / 3600) + " h";
	return Math.round(s / 86400) + " days";
}

export function clock(ms, seconds = true) {
	return new Date(ms).toLocaleTimeString([], { hour: "2-digit",
		minute: "2-digit", second: seconds ? "2-digit" : undefined,
		hour12: false });
}

// What is not of today says of which day.
export function when(ms) {
	const day = new Date(ms);

	return (day.toDateString() === new Date().toDateString() ? "" :
	    day.toLocaleDateString([], { day: "numeric", month: "short" }) +
	    " ") + clock(ms);
}

// good, warn, bad, calm: shape and colour say the same as the words.
export const tag = (kind, words) => el("span", { class: "tag " + kind }, words);

// Columns: [head, function of a row, class]. A function gives text or nodes.
// On a narrow screen each row is a block, and cells carry their heads.
export function table(columns, rows, empty) {
	if (rows.length === 0)
		return el("p", { class: "empty" }, empty);
	const head = el("tr", { role: "row" }, ...columns.map(([name, , kind]) =>
	    el("th", { scope: "col", role: "columnheader",
		class: kind === "num" ? "num" : null }, name)));
	const body = rows.map((row) => el("tr", { role: "row" },
	    ...columns.map(([name, cell, kind]) => {
		    const got = cell(row);
		    return el("td", { role: "cell", class: kind,
			"data-label": name },
			Array.isArray(got) ? el("div", null, ...got) : got);
	    })));
	return el("table", { role: "table" },
	    el("thead", { role: "rowgroup" }, head),
	    el("tbody", { role: "rowgroup" }, ...body));
}

// The same content is not put there twice: selections and focus stay.
export function replace(e, ...children) {
	const fresh = el("div", null, ...children);
	if (e.dataset.made === fresh.innerHTML)
		return;
	e.dataset.made = fresh.innerHTML;
	e.replaceChildren(...fresh.childNodes);
}
