// chart.js - lines over time. Arrow keys or a pointer read the values.
"use strict";

import { svg, el, byId, clock } from "./dom.js";

const HEIGHT = 190, LEFT = 52, RIGHT = 8, TOP = 10, BOTTOM = 20;
const charts = new Map();	// id -> what is drawn, for resizing

export const SERIES_MAX = 6;

// 1, 2 or 5 times a power of ten that leaves three lines or so.
function step(most) {
	const raw = most / 4.5, power = 10 ** Math.floor(Math.log10(raw));
	return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
}

// Fewer points than pixels: averages, with gaps kept.
function thin(values, room) {
	const every = Math.max(1, Math.ceil(values.length / room)), out = [];
	for (let i = 0; i < values.length; i += every) {
		const part = values.slice(i, i + every)
		    .filter((v) => v !== null);
		out.push(part.length === 0 ? null :
		    part.reduce((a, b) => a + b, 0) / part.length);
	}
	return out;
}

function path(values, x, y) {
	let d = "", open = false;
	values.forEach((v, i) => {
		if (v === null) {
			open = false;
			return;
		}
		const alone = !open && (values[i + 1] ?? null) === null;
		d += (open ? "L" : "M") + x(i).toFixed(1) + " " +
		    y(v).toFixed(1) + (alone ? "h1.5" : "");
		open = true;
	});
	return d;
}

function grid(c, width, y, most) {
	const out = [], by = step(most);
	for (let v = 0; v <= most; v += by)
		out.push(svg("path", { class: "grid",
		    d: `M${LEFT} ${y(v)}H${width - RIGHT}` }),
		    svg("text", { x: LEFT - 6, y: y(v) + 4,
			"text-anchor": "end" }, c.format(v)));
	for (let i = 0; i <= 3; i++) {
		const x = LEFT + (width - LEFT - RIGHT) * i / 3;
		out.push(svg("text", { x, y: HEIGHT - 4,
		    "text-anchor": i === 0 ? "start" : i === 3 ? "end" :
		    "middle" }, clock(c.from + (c.to - c.from) * i / 3,
		    false)));
	}
	return out;
}

function latest(values) {
	for (let i = values.length - 1; i >= 0 && i >= values.length - 3; i--)
		if (values[i] !== null)
			return values[i];
	return null;
}

function legend(c, at) {
	return el("ul", { class: "keys" }, ...c.series.map((s, i) => {
		const v = at === null ? latest(s.values) : s.values[at];
		return el("li", null,
		    svg("svg", { width: 22, height: 8, "aria-hidden": "true" },
			svg("path", { class: "series c" + i, d: "M0 4H22" })),
		    el("span", { class: "name", title: s.name }, s.name),
		    el("span", { class: "now" }, v === null ||
			v === undefined ? "–" : c.format(v)));
	}), c.mark ? el("li", null,
	    svg("svg", { width: 22, height: 8, "aria-hidden": "true" },
		svg("path", { class: "mark", d: "M0 4H22" })),
	    el("span", { class: "name", title: c.markName }, c.markName),
	    el("span", { class: "now" }, c.format(c.mark))) : null);
}

function describe(c) {
	return `${c.title} in ${c.unit}, ${clock(c.from, false)} to ` +
	    `${clock(c.to, false)}. ` + c.series.map((s) => {
		const v = s.values.filter((x) => x !== null);
		return v.length === 0 ? `${s.name}: nothing known` :
		    `${s.name}: now ${c.format(v[v.length - 1])}, highest ` +
		    c.format(Math.max(...v)) + ", lowest " +
		    c.format(Math.min(...v));
	    }).join("; ") + ".";
}

function draw(c) {
	const figure = byId(c.id);
	const width = Math.max(240, figure.clientWidth - 34);
	const inside = width - LEFT - RIGHT;
	const points = c.series.length > 0 ? c.series[0].values.length : 0;
	const all = c.series.flatMap((s) => s.values)
	    .filter((v) => v !== null);
	const most = Math.max(c.least || 1, c.mark || 0, ...all) * 1.08;
	const y = (v) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * v / most;
	const cursor = c.at === null || points < 2 ? null :
	    LEFT + inside * c.at / (points - 1);
	const lines = c.series.map((s, i) => {
		const v = thin(s.values, inside);
		return svg("path", { class: "series c" + i, d: path(v, (k) =>
		    LEFT + inside * (v.length < 2 ? 1 : k / (v.length - 1)),
		    y) });
	});

	figure.replaceChildren(
	    el("figcaption", null, c.title + " ", el("span",
		{ class: "unit" }, c.at === null ? c.note || "" : "at " +
		clock(c.from + (c.to - c.from) * c.at / (points - 1)))),
	    svg("svg", { class: "plot", viewBox: `0 0 ${width} ${HEIGHT}`,
		role: "img", tabindex: "0", "aria-label": describe(c) },
	    ...grid(c, width, y, most),
	    c.mark ? svg("path", { class: "mark",
		d: `M${LEFT} ${y(c.mark)}H${width - RIGHT}` },
		svg("title", null, c.markName)) : null,
	    ...lines,
	    cursor === null ? null : svg("path", { class: "cursor",
		d: `M${cursor} ${TOP}V${HEIGHT - BOTTOM}` })),
	    legend(c, c.at));
	listen(c, figure.querySelector("svg"), inside, points, width);
}

function redraw(c, at) {
	const focused = document.activeElement ===
	    byId(c.id).querySelector(".plot");
	c.at = at;
	draw(c);
	if (focused)
		byId(c.id).querySelector(".plot").focus();
}

function listen(c, plot, inside, points, width) {
	const clamp = (i) => Math.max(0, Math.min(points - 1, i));
	plot.addEventListener("pointermove", (e) => {
		const box = plot.getBoundingClientRect();
		const x = (e.clientX - box.left) / box.width * width;
		redraw(c, points < 2 ? null : clamp(Math.round((x - LEFT) /
		    inside * (points - 1))));
	});
	plot.addEventListener("pointerleave", () => redraw(c, null));
	plot.addEventListener("keydown", (e) => {
		const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30,
			PageDown: 30 }[e.key];
		if (by === undefined || points < 2)
			return;
		e.preventDefault();
		redraw(c, clamp((c.at ?? points - 1) + by));
	});
	plot.addEventListener("blur", () => {
		if (c.at !== null)
			setTimeout(() => document.activeElement === plot ||
			    redraw(c, null));
	});
}

// {id, title, unit, note, format, from, to, series: [{name, values}], mark}
export function chart(c) {
	const before = charts.get(c.id);
	c.at = before && before.at !== null && before.series.length > 0 &&
	    c.series.length > 0 ? Math.min(before.at,
	    c.series[0].values.length - 1) : null;
	charts.set(c.id, c);
	redraw(c, c.at);
}

export function redrawAll() {
	for (const c of charts.values())
		redraw(c, c.at);
}
