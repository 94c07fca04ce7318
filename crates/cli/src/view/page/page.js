"use strict";
// Shows one session, or a list of several from which each is opened. All that is shown was written by others, so it only ever becomes text.
(function () {
  const ROW = 28;
  const SAVED = "bevy_session::Saved";
  const NAMES = ["bevy_session::SaveKey", "bevy_ecs::name::Name"];
  const GONE = Symbol("gone");
  const LEFT_OUT = Symbol("left out");
  const MOST_DOTS = 400;
  const MOST_CHANGES = 50000;

  const root = document.documentElement;
  function fail(what) {
    root.dataset.error = String(what);
    const place = document.getElementById("error");
    place.hidden = false;
    place.textContent = "This page could not show all of it: " + what;
  }
  window.addEventListener("error", (event) => fail(event.message));
  window.addEventListener("unhandledrejection", (event) => fail(event.reason));

  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const first = read("data");
  // Of several sessions, the beginning of the address says which is shown.
  const shownAt = first.sessions ? /^#s([0-9]+)\//.exec(location.hash) : null;
  const opened = shownAt ? first.sessions.find((it) => it.at === Number(shownAt[1])) : null;
  const prefix = opened ? "s" + opened.at + "/" : "";

  // ---- Texts -------------------------------------------------------------------------------------------

  // What would turn the direction of a line around, or can't be seen, is shown as an escape.
  const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
  const clean = (text) =>
    String(text).replace(UNSEEN, (letter) => "\\u{" + letter.codePointAt(0).toString(16) + "}");

  function el(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (name === "style") Object.assign(element.style, value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, clean(value));
    }
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined) continue;
      element.append(child instanceof Node ? child : document.createTextNode(clean(child)));
    }
    return element;
  }

  const number = (value) => Number(value).toLocaleString("en");
  function bytes(count) {
    const units = ["B", "KB", "MB", "GB"];
    let unit = 0;
    while (count >= 1000 && unit < 3) { count /= 1000; unit += 1; }
    return (unit && count < 100 ? count.toFixed(1) : Math.round(count)) + " " + units[unit];
  }
  function played(ms) {
    const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, "0");
    return Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
  }
  function moment(text) {
    const at = new Date(text);
    if (isNaN(at)) return text;
    const two = (n) => String(n).padStart(2, "0");
    return at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate()) + " " +
      two(at.getHours()) + ":" + two(at.getMinutes()) + ":" + two(at.getSeconds());
  }
  const shortType = (path) => path.replace(/[A-Za-z0-9_]+::/g, "");
  const NAME = /^[\p{L}\p{N}_]+$/u;
  const keyText = (key) => (NAME.test(key) ? key : JSON.stringify(key));

  // A value on one line.
  function line(value, room = 400) {
    if (value === GONE) return "(not there)";
    if (value === LEFT_OUT) return "(left out)";
    if (value === null) return "()";
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value !== "object") return String(value);
    const isList = Array.isArray(value);
    let text = "";
    for (const [key, part] of isList ? value.entries() : Object.entries(value)) {
      if (text.length > room) { text += ", …"; break; }
      text += (text && ", ") + (isList ? "" : keyText(key) + ": ") + line(part, room);
    }
    return isList ? "[" + text + "]" : "{" + text + "}";
  }

  // A value as a tree.
  function tree(value) {
    if (value === null || typeof value !== "object") return el("span", { class: "mono" }, line(value));
    const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    const box = el("div", { class: "tree" });
    for (const [key, part] of entries.slice(0, 500)) {
      const name = el("span", { class: "key mono" }, (Array.isArray(value) ? key : keyText(key)) + ": ");
      if (part !== null && typeof part === "object") {
        const inner = el("details", {}, el("summary", {}, name, el("span", { class: "mono" }, line(part, 60))));
        inner.addEventListener("toggle", () => {
          if (inner.open && inner.children.length === 1) inner.append(tree(part));
        });
        box.append(inner);
      } else box.append(el("div", {}, name, el("span", { class: "mono" }, line(part))));
    }
    if (entries.length > 500) box.append(el("div", { class: "faint" }, "… " + number(entries.length - 500) + " more"));
    if (!entries.length) box.append(el("span", { class: "mono" }, line(value)));
    return box;
  }

  // ---- A list of sessions --------------------------------------------------------------------------------

  function showSessions() {
    document.getElementById("head").append(el("h1", {}, first.title));
    const cells = (tag, values) => values.map((value) => el(tag, {}, value));
    const rows = first.sessions.map(({ about, at }) => {
      const name = about.name || "(no name)";
      const link = at === null ? el("span", {}, name) : el("a", { href: "#s" + at + "/timeline" }, name);
      return el("tr", {}, el("td", {}, link), cells("td", [about.player, about.status && about.status + (about.left ? ", " + about.left : ""),
        played(about.play_time_ms || 0), about.started && moment(about.started), bytes(about.bytes) + ", " + about.condition, at === null ? "no room in this page" : null]));
    });
    const filter = el("input", { type: "search", placeholder: "Search", "aria-label": "Search", on: { input: () => {
      const wanted = filter.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    } } });
    const table = el("table", { class: "sessions" }, el("thead", {}, el("tr", {}, cells("th", ["Name", "Player", "Status", "Played", "Started", "Files", ""]))), el("tbody", {}, rows));
    document.getElementById("main").replaceChildren(el("section", {}, el("div", { class: "bar" }, filter), el("div", { class: "pane whole inner" }, table)));
    document.getElementById("tabs").hidden = true;
    document.getElementById("foot").append(first.left_out.length
      ? el("details", {}, el("summary", {}, "Left out of this page: " + number(first.left_out.length) + (first.left_out.length === 1 ? " thing" : " things")), el("ul", {}, first.left_out.map((it) => el("li", {}, it))))
      : el("span", {}, "No session was left out. "), el("span", {}, "Written " + moment(first.written) + " by bevy-session " + first.tool + "."));
    window.addEventListener("hashchange", () => location.reload());
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && document.activeElement !== filter) { event.preventDefault(); filter.focus(); }
    });
    root.dataset.ready = String(Math.round(performance.now()));
  }
  if (first.sessions && !opened) {
    showSessions();
    return;
  }
  const data = opened ? read("data-" + opened.at) : first;

  // ---- Columns: see view/columns.rs ----------------------------------------------------------------------

  // The shortest digits that are this number among those of 32 bits.
  function short(x) {
    if (!Number.isFinite(x)) return String(x);
    if (Number.isInteger(x)) return x;
    for (let digits = 6; digits < 9; digits += 1) {
      const candidate = Number(x.toPrecision(digits));
      if (Math.fround(candidate) === x) return candidate;
    }
    return Number(x.toPrecision(9));
  }
  function floats(text) {
    const letters = atob(text), raw = new Uint8Array(letters.length);
    for (let i = 0; i < raw.length; i += 1) raw[i] = letters.charCodeAt(i);
    const view = new DataView(raw.buffer);
    return (i) => short(view.getFloat32(4 * i, true));
  }
  function reader(column) {
    if ("c" in column) return () => column.c;
    if ("f" in column) { let read = null; return (i) => (read = read || floats(column.f))(i); }
    if ("d" in column) return (i) => column.d[column.i[i]];
    if ("l" in column) { const parts = column.l.map(reader); return (i) => parts.map((part) => part(i)); }
    if ("m" in column) {
      const parts = column.v.map(reader);
      return (i) => Object.fromEntries(column.m.map((name, at) => [name, parts[at](i)]));
    }
    return (i) => column.v[i];
  }

  // Rising numbers, as stretches without gaps.
  class Ids {
    constructor(stretches) {
      this.stretches = stretches;
      this.before = [];
      this.length = 0;
      for (const [, count] of stretches) { this.before.push(this.length); this.length += count; }
    }
    indexOf(id) {
      let low = 0, high = this.stretches.length - 1;
      while (low <= high) {
        const middle = (low + high) >> 1, [first, count] = this.stretches[middle];
        if (id < first) high = middle - 1;
        else if (id >= first + count) low = middle + 1;
        else return this.before[middle] + (id - first);
      }
      return -1;
    }
    each(act) {
      for (const [first, count] of this.stretches) for (let i = 0; i < count; i += 1) act(first + i);
    }
  }

  const world = new Map(); // by type: ids and how to read them
  for (const column of data.world) {
    world.set(column.t, { ids: new Ids(column.ids), read: reader(column.of) });
  }
  const numberOf = new Map(data.types.map((path, at) => [path, at]));
  const leftTypes = new Set((data.left_types || []).map((path) => numberOf.get(path)));
  const overlays = data.older.map(() => null);
  // What is different at one checkpoint from the next newer one: by type and id.
  function overlay(at) {
    if (overlays[at]) return overlays[at];
    const found = new Map();
    for (const part of data.older[at]) {
      const rows = new Map(), read = reader(part.of);
      let position = 0;
      new Ids(part.ids).each((id) => { rows.set(id, read(position)); position += 1; });
      new Ids(part.gone).each((id) => rows.set(id, GONE));
      found.set(part.t, rows);
    }
    return (overlays[at] = found);
  }
  function valueAt(at, type, id) {
    for (let step = at - 1; step >= 0; step -= 1) {
      const rows = overlay(step).get(type);
      if (rows && rows.has(id)) return rows.get(id);
    }
    const column = world.get(type);
    if (!column) return leftTypes.has(type) ? LEFT_OUT : GONE;
    const position = column.ids.indexOf(id);
    return position < 0 ? GONE : column.read(position);
  }
  function idsAt(at) {
    const saved = numberOf.get(SAVED);
    const ids = new Set();
    const take = (column) => column.ids.each((id) => id && ids.add(id));
    if (saved !== undefined && world.has(saved)) take(world.get(saved));
    else for (const column of world.values()) take(column);
    for (let step = 0; step < at; step += 1) {
      for (const [type, rows] of overlay(step)) {
        if (saved !== undefined && type !== saved) continue;
        for (const [id, value] of rows) if (value === GONE) ids.delete(id); else if (id) ids.add(id);
      }
    }
    return [...ids].sort((one, other) => one - other);
  }
  function nameAt(at, id) {
    if (id === 0) return "Resources and states";
    for (const path of NAMES) {
      const type = numberOf.get(path);
      if (type === undefined) continue;
      const value = valueAt(at, type, id);
      if (typeof value === "string") return value;
    }
    return "";
  }
  function typesAt(at, id) {
    const found = [];
    for (let type = 0; type < data.types.length; type += 1) {
      const value = valueAt(at, type, id);
      if (value !== GONE && value !== LEFT_OUT) found.push([type, value]);
    }
    return found;
  }

  // ---- A list that draws only what is seen ----------------------------------------------------------------

  class List {
    constructor(label, drawn, chosen) {
      this.drawn = drawn; this.onChosen = chosen; this.items = []; this.chosen = -1; this.pending = false;
      this.rows = el("div", { class: "rows" });
      this.element = el("div", {
        class: "list", tabindex: 0, role: "listbox", "aria-label": label,
        on: { scroll: () => this.later(), keydown: (event) => this.key(event) },
      }, this.rows);
      new ResizeObserver(() => this.later()).observe(this.element);
    }
    set(items) {
      this.items = items; this.chosen = -1;
      this.rows.style.height = items.length * ROW + "px";
      this.element.scrollTop = 0;
      this.draw();
    }
    later() {
      if (this.pending) return;
      this.pending = true;
      requestAnimationFrame(() => { this.pending = false; this.draw(); });
    }
    draw() {
      const first = Math.max(0, Math.floor(this.element.scrollTop / ROW) - 6);
      const last = Math.min(this.items.length, first + Math.ceil((this.element.clientHeight || 600) / ROW) + 12);
      const rows = [];
      for (let at = first; at < last; at += 1) {
        const row = el("div", {
          class: "row" + (at === this.chosen ? " chosen" : ""), role: "option", id: this.idOf(at),
          "aria-selected": String(at === this.chosen), "aria-posinset": at + 1, "aria-setsize": this.items.length,
          style: { top: at * ROW + "px" }, on: { click: () => this.choose(at) },
        }, this.drawn(this.items[at]));
        rows.push(row);
      }
      if (!this.items.length) rows.push(el("div", { class: "nothing" }, "Nothing to show."));
      this.rows.replaceChildren(...rows);
    }
    idOf(at) {
      this.key_ = this.key_ || "list" + (List.count = (List.count || 0) + 1);
      return this.key_ + "-" + at;
    }
    choose(at, isShown = true) {
      if (at < 0 || at >= this.items.length) return;
      this.chosen = at;
      const top = at * ROW, height = this.element.clientHeight;
      if (isShown && (top < this.element.scrollTop || top + ROW > this.element.scrollTop + height)) {
        this.element.scrollTop = Math.max(0, top - height / 2);
      }
      this.draw();
      this.element.setAttribute("aria-activedescendant", this.idOf(at));
      if (this.onChosen) this.onChosen(this.items[at]);
    }
    key(event) {
      const page = Math.max(1, Math.floor(this.element.clientHeight / ROW) - 1);
      const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.choose(Math.min(this.items.length - 1, Math.max(0, this.chosen + steps[event.key])));
    }
  }

  function headings(cells) {
    return el("div", { class: "head" }, el("div", { class: "row", "aria-hidden": "true" }, cells));
  }
  const cell = (text, width, kind) =>
    el("span", { class: kind || "", style: width ? { width } : {}, title: text }, text);

  // ---- Checkpoints -------------------------------------------------------------------------------------

  const checkpoints = new Map(data.checkpoints.map((it) => [it.id, it]));
  const numberOfId = (id) => id.split("@")[0];
  const titleOf = (it) => (it.label ? it.label : it.kind);
  const wordsOf = (id) => {
    const it = checkpoints.get(id);
    return it ? numberOfId(id) + " · " + titleOf(it) + " · " + played(it.ms) : id;
  };
  const shown = { tab: "timeline", checkpoint: data.checkpoints.length ? data.checkpoints[0].id : null };
  const listeners = [];
  function chooseCheckpoint(id) {
    shown.checkpoint = id;
    for (const listener of listeners) listener(id);
  }

  function details(id) {
    const it = checkpoints.get(id);
    if (!it) return el("p", { class: "faint" }, "No checkpoint is chosen.");
    const facts = [
      ["Checkpoint", it.id], ["Why", it.kind], ["Name", it.label], ["Taken", moment(it.time)],
      ["Played", played(it.ms)], ["Entities", number(it.entities)], ["Takes", bytes(it.bytes)],
      ["State", it.damaged ? "damaged: it can't be restored" : it.rewound ? "on a branch that was left" : "on a line that is kept"],
    ].filter(([, value]) => value);
    const at = data.included.indexOf(id);
    const picture = data.pictures[id];
    const entities = el("button", { class: "action", disabled: at < 0, on: { click: () => showEntities(at) } }, "Entities here");
    const compare = el("button", { class: "action", disabled: at < 0 || data.included.length < 2, on: { click: () => showDifference(id) } }, "What changed before it");
    return el("div", {},
      picture ? el("img", { class: "shot", src: picture, alt: "Picture of the screen at checkpoint " + numberOfId(id) }) : null,
      el("dl", {}, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
      el("div", { class: "bar" }, entities, compare),
      at < 0 ? el("p", { class: "faint" }, "Its values aren't in this page.") : null);
  }

  // ---- Timeline ----------------------------------------------------------------------------------------

  function lanesOf(all) {
    const known = new Map(all.map((it) => [it.id, it])), lanes = new Map();
    data.timeline.lines.forEach((end, lane) => {
      for (let id = end.end; id && known.has(id) && !lanes.has(id); id = known.get(id).parent) lanes.set(id, lane);
    });
    // What is on no line stands below all.
    for (const it of all) if (!lanes.has(it.id)) lanes.set(it.id, data.timeline.lines.length);
    return lanes;
  }

  function timelineTab() {
    const all = data.timeline.checkpoints.slice(-MOST_DOTS);
    const hidden = data.timeline.checkpoints.length - all.length;
    const lanes = lanesOf(all), place = new Map();
    const hasPictures = all.some((it) => data.pictures[it.id]);
    const top = hasPictures ? 118 : 46, gap = 46;
    let x = 34;
    for (const it of all) {
      const isWide = Boolean(data.pictures[it.id]) && lanes.get(it.id) === 0;
      const half = isWide ? 68 : 17;
      x += half;
      place.set(it.id, { x, y: top + gap * lanes.get(it.id), isWide });
      x += half;
    }
    const height = top + gap * (Math.max(0, ...lanes.values()) + 1);
    const strip = el("div", { class: "lanes", style: { width: x + 34 + "px", height: height + "px" } });
    for (const it of all) {
      const to = place.get(it.id), from = place.get(it.parent);
      if (!from) continue;
      strip.append(el("div", { class: "edge", style: { left: from.x + "px", top: to.y - 1 + "px", width: to.x - from.x + "px", borderTopWidth: "2px" } }));
      if (from.y !== to.y) {
        const upper = Math.min(from.y, to.y);
        strip.append(el("div", { class: "edge", style: { left: from.x - 1 + "px", top: upper + "px", height: Math.abs(to.y - from.y) + "px", borderLeftWidth: "2px" } }));
      }
    }
    const dots = new Map();
    for (const it of all) {
      const { x: left, y, isWide } = place.get(it.id), found = checkpoints.get(it.id) || {};
      if (isWide) {
        strip.append(el("div", { class: "card", style: { left: left - 62 + "px", top: "8px" } },
          el("img", { src: data.pictures[it.id], alt: "" }), el("span", {}, it.label || played(it.play_time_ms))));
      }
      const kind = "dot" + (it.label ? " named" : "") + (lanes.get(it.id) ? " branch" : "") + (found.damaged ? " damaged" : "");
      const dot = el("button", {
        class: kind, style: { left: left + "px", top: y + "px" }, title: wordsOf(it.id), "aria-label": "Checkpoint " + wordsOf(it.id),
        tabindex: -1, on: { click: () => chooseCheckpoint(it.id) },
      });
      dots.set(it.id, dot);
      strip.append(dot);
    }
    strip.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const at = all.findIndex((it) => it.id === shown.checkpoint);
      const next = step && all[at + step];
      if (!next) return;
      event.preventDefault();
      chooseCheckpoint(next.id);
      dots.get(next.id).focus();
    });
    const pane = el("div", { class: "pane inner whole" });
    listeners.push((id) => {
      for (const [other, dot] of dots) {
        dot.setAttribute("aria-current", String(other === id));
        dot.tabIndex = other === id ? 0 : -1;
      }
      pane.replaceChildren(details(id));
    });
    const scroller = el("div", { class: "pane strip" }, strip);
    requestAnimationFrame(() => { scroller.scrollLeft = scroller.scrollWidth; });
    const words = ["Filled dots have names; grey lines were left by going back."];
    if (hidden > 0) words.push(number(hidden) + " older checkpoints are in the list only.");
    return [scroller, el("p", { class: "faint", style: { margin: 0 } }, words.join(" ")), pane];
  }

  function checkpointsTab() {
    const drawn = (it) => [
      cell(numberOfId(it.id), "52px", "number mono"),
      cell(titleOf(it), "", "grow"),
      it.damaged ? el("span", { class: "badge removed" }, "damaged") : it.rewound ? el("span", { class: "badge faint" }, "branch") : null,
      cell(moment(it.time), "160px", "optional faint"), cell(played(it.ms), "70px", "number"),
      cell(number(it.entities), "80px", "number optional"), cell(bytes(it.bytes), "70px", "number"),
    ];
    const list = new List("Checkpoints", drawn, (it) => chooseCheckpoint(it.id));
    const pane = el("div", { class: "pane inner" });
    listeners.push((id) => {
      pane.replaceChildren(details(id));
      const at = data.checkpoints.findIndex((it) => it.id === id);
      if (at >= 0 && at !== list.chosen) { list.chosen = at; list.draw(); }
    });
    list.set(data.checkpoints);
    const heads = headings([cell("No.", "52px", "number"), cell("Name or reason", "", "grow"), cell("Taken", "160px", "optional"),
      cell("Played", "70px", "number"), cell("Entities", "80px", "number optional"), cell("Size", "70px", "number")]);
    return [el("div", { class: "panes" }, el("div", { class: "pane tabled" }, heads, list.element), pane)];
  }

  function sizesTab() {
    const most = Math.max(1, ...data.sizes.map((it) => it.stored_bytes));
    const drawn = (it) => [
      cell(it.type, "", "grow mono"), cell(number(it.rows), "90px", "number optional"),
      cell(bytes(it.unpacked_bytes), "80px", "number optional"), cell(bytes(it.stored_bytes), "80px", "number"),
      el("span", { class: "track", style: { display: "flex" } },
        el("span", { class: "fill", style: { width: Math.max(1, (100 * it.stored_bytes) / most) + "%" } })),
    ];
    const list = new List("Types by size", drawn, null);
    list.set(data.sizes);
    const heads = headings([cell("Type, in all copies of all checkpoints", "", "grow"), cell("Rows", "90px", "number optional"),
      cell("Unpacked", "80px", "number optional"), cell("Packed", "80px", "number"), el("span", { class: "track" })]);
    return [el("div", { class: "pane tabled whole" }, heads, list.element)];
  }

  // ---- Entities ----------------------------------------------------------------------------------------

  function picker(label, act) {
    const select = el("select", { on: { change: () => act(select.selectedIndex) } },
      data.included.map((id) => el("option", { value: id }, wordsOf(id))));
    return [el("label", {}, label, select), select];
  }

  let showEntities = () => {};
  function entitiesTab() {
    let at = 0, ids = [], turn = 0;
    const count = el("span", { class: "count", role: "status" });
    const pane = el("div", { class: "pane inner" }, el("p", { class: "faint" }, "Choose an entity."));
    const drawn = (id) => [
      cell(id ? "#" + id : "", "84px", "mono number"), cell(nameAt(at, id) || "", "34%", ""),
      cell(id ? typesAt(at, id).filter(([type]) => data.types[type] !== SAVED).map(([type]) => shortType(data.types[type])).join(", ") : "", "", "grow faint"),
    ];
    const list = new List("Entities", drawn, (id) => {
      const title = id ? (nameAt(at, id) ? nameAt(at, id) + " #" + id : "#" + id) : nameAt(at, 0);
      const parts = typesAt(at, id).filter(([type]) => data.types[type] !== SAVED).map(([type, value]) =>
        el("details", { class: "component", open: true }, el("summary", { class: "mono" }, data.types[type]), tree(value)));
      const left = [...leftTypes].map((type) => data.types[type]);
      pane.replaceChildren(el("h2", {}, title), ...parts,
        left.length ? el("p", { class: "faint" }, "Not in this page: " + left.join(", ")) : "");
      pane.scrollTop = 0;
    });
    const search = el("input", { type: "search", placeholder: "Search names, numbers, types and values", "aria-label": "Search entities", on: { input: () => find() } });
    function words(id, isWhole) {
      const types = typesAt(at, id);
      const head = "#" + id + " " + nameAt(at, id) + " " + types.map(([type]) => data.types[type]).join(" ");
      return (isWhole ? head + " " + types.map(([, value]) => line(value, 4000)).join(" ") : head).toLowerCase();
    }
    function find() {
      const mine = (turn += 1), wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (!wanted.length) {
        list.set(ids);
        count.textContent = number(ids.length - 1) + " entities";
        return;
      }
      const found = [];
      let next = 0;
      const slice = () => {
        if (mine !== turn) return;
        const end = performance.now() + 12, before = found.length;
        while (next < ids.length && performance.now() < end) {
          for (const stop = Math.min(ids.length, next + 200); next < stop; next += 1) {
            const has = (text) => wanted.every((word) => text.includes(word));
            if (has(words(ids[next], false)) || has(words(ids[next], true))) found.push(ids[next]);
          }
        }
        const isDone = next >= ids.length;
        count.textContent = number(found.length) + " found" + (isDone ? "" : " …");
        if (before === 0 || isDone) list.set(found);
        if (!isDone) setTimeout(slice);
      };
      slice();
    }
    const [label, select] = picker("At", (index) => { at = index; load(); });
    function load() {
      ids = data.included.length ? [0, ...idsAt(at)] : [];
      find();
      list.choose(Math.min(1, list.items.length - 1));
    }
    showEntities = (index) => { at = index; select.selectedIndex = index; load(); openTab("entities"); };
    return { parts: [el("div", { class: "bar" }, label, search, count), el("div", { class: "panes" }, el("div", { class: "pane" }, list.element), pane)], open: load, search };
  }

  // ---- Differences -------------------------------------------------------------------------------------

  function equal(one, other) {
    if (one === other) return true;
    if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return false;
    const keys = Object.keys(one);
    return Array.isArray(one) === Array.isArray(other) && keys.length === Object.keys(other).length &&
      keys.every((key) => key in other && equal(one[key], other[key]));
  }
  // The smallest parts that differ.
  function changes(field, before, after, found) {
    if (equal(before, after)) return;
    const isBoth = before !== null && after !== null && typeof before === "object" && typeof after === "object";
    if (isBoth && Array.isArray(before) === Array.isArray(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        const name = Array.isArray(before) ? field + "[" + key + "]" : field + "." + keyText(key);
        changes(name, key in before ? before[key] : GONE, key in after ? after[key] : GONE, found);
      }
    } else found.push([field, before, after]);
  }
  function differences(older, newer) {
    const keys = new Map();
    for (let step = Math.min(older, newer); step < Math.max(older, newer); step += 1) {
      for (const [type, rows] of overlay(step)) {
        const ids = keys.get(type) || keys.set(type, new Set()).get(type);
        for (const id of rows.keys()) ids.add(id);
      }
    }
    const found = [];
    for (const [type, ids] of [...keys].sort(([one], [other]) => (data.types[one] < data.types[other] ? -1 : 1))) {
      for (const id of [...ids].sort((one, other) => one - other)) {
        const parts = [];
        changes("", valueAt(older, type, id), valueAt(newer, type, id), parts);
        for (const [field, before, after] of parts) {
          if (found.length === MOST_CHANGES) return { found, isAll: false };
          found.push({ type, id, field, before, after });
        }
      }
    }
    return { found, isAll: true };
  }

  let showDifference = () => {};
  function differenceTab() {
    let all = { found: [], isAll: true };
    const [fromLabel, from] = picker("From", () => load()), [toLabel, to] = picker("to", () => load());
    const filter = el("input", { type: "search", placeholder: "Only what contains …", "aria-label": "Filter changes", on: { input: () => show() } });
    const count = el("span", { class: "count", role: "status" });
    const kind = (it) => (it.before === GONE ? ["+", "added"] : it.after === GONE ? ["−", "removed"] : ["~", ""]);
    const who = (it) => (it.id ? nameAt(it.after === GONE ? from.selectedIndex : to.selectedIndex, it.id) || "#" + it.id : "resource");
    const what = (it) => (it.before === GONE ? line(it.after) : it.after === GONE ? line(it.before) : line(it.before) + " → " + line(it.after));
    const drawn = (it) => {
      const [sign, tone] = kind(it);
      return [cell(sign, "14px", "mono " + tone), cell(who(it), "16%", ""), cell(shortType(data.types[it.type]) + it.field, "30%", "mono"), cell(what(it), "", "grow mono " + tone)];
    };
    const pane = el("div", { class: "pane inner" }, el("p", { class: "faint" }, "Choose a change."));
    const list = new List("Changes", drawn, (it) => pane.replaceChildren(
      el("h2", {}, who(it)), el("dl", {}, [["Type", data.types[it.type]], ["Field", it.field || "(all of it)"], ["Entity", it.id ? "#" + it.id : "none: a resource or state"]].map(([name, value]) => [el("dt", {}, name), el("dd", { class: "mono" }, value)])),
      el("h2", {}, "Before"), tree(it.before), el("h2", {}, "After"), tree(it.after)));
    function show() {
      const wanted = filter.value.toLowerCase();
      const has = (it) => (who(it) + " " + data.types[it.type] + it.field + " " + what(it)).toLowerCase().includes(wanted);
      const found = wanted ? all.found.filter(has) : all.found;
      list.set(found);
      count.textContent = number(found.length) + (found.length === 1 ? " change" : " changes") + (all.isAll ? "" : " of more");
    }
    function load() {
      all = data.included.length > 1 ? differences(from.selectedIndex, to.selectedIndex) : { found: [], isAll: true };
      show();
      list.choose(0);
    }
    let isLoaded = false;
    function open() {
      if (isLoaded) return;
      isLoaded = true;
      if (data.included.length > 1) { from.selectedIndex = 1; to.selectedIndex = 0; }
      load();
    }
    showDifference = (id) => {
      isLoaded = true;
      const at = data.included.indexOf(id);
      to.selectedIndex = at;
      from.selectedIndex = Math.min(at + 1, data.included.length - 1);
      load();
      openTab("difference");
    };
    return { parts: [el("div", { class: "bar" }, fromLabel, toLabel, filter, count), el("div", { class: "panes" }, el("div", { class: "pane" }, list.element), pane)], open, search: filter };
  }

  function eventsTab() {
    const all = [...data.events].reverse();
    const value = (it) => (it.v === null ? (it.masked ? "(personal)" : "()") : line(it.v));
    const drawn = (it) => [cell(String(it.n), "60px", "number mono optional faint"), cell(moment(it.at), "160px", "optional faint"),
      cell(played(it.ms), "66px", "number"), cell(shortType(it.t), "26%", "mono"), cell(value(it), "", "grow mono")];
    const pane = el("div", { class: "pane inner" }, el("p", { class: "faint" }, "Choose an event."));
    const list = new List("Events", drawn, (it) => pane.replaceChildren(el("h2", { class: "mono" }, it.t),
      el("dl", {}, [["Number", it.n], ["Time", moment(it.at)], ["Played", played(it.ms)], ["Recorded as", it.from]].map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])),
      it.masked && it.v === null ? el("p", { class: "faint" }, "Its value is personal and not in this page.") : tree(it.v)));
    const count = el("span", { class: "count", role: "status" });
    const filter = el("input", { type: "search", placeholder: "Only what contains …", "aria-label": "Filter events", on: { input: () => show() } });
    function show() {
      const wanted = filter.value.toLowerCase();
      const found = all.filter((it) => !wanted || (it.t + " " + value(it)).toLowerCase().includes(wanted));
      list.set(found);
      count.textContent = number(found.length) + (found.length === 1 ? " event" : " events");
    }
    const open = () => { show(); list.choose(0); };
    return { parts: [el("div", { class: "bar" }, filter, count), el("div", { class: "panes" }, el("div", { class: "pane" }, list.element), pane)], open, search: filter };
  }

  // ---- The page ----------------------------------------------------------------------------------------

  const about = data.about;
  const facts = [["Player", about.player], ["Status", about.status && about.status + (about.left ? ", " + about.left : "")], ["Cause", about.cause],
    ["Played", played(about.play_time_ms || 0)], ["Started", about.started && moment(about.started)], ["Game", about.game_version],
    ["Files", bytes(about.bytes) + ", " + about.condition], ["Session", about.session]].filter(([, value]) => value);
  document.getElementById("head").append(opened ? el("a", { href: "#" }, "All sessions") : "", el("h1", {}, about.name || "(no name)"),
    el("p", { class: "facts" }, facts.map(([name, value]) => el("span", {}, name + " ", el("b", {}, value)))));
  const left = data.left_out;
  document.getElementById("foot").append(left.length
    ? el("details", {}, el("summary", {}, "Left out of this page: " + number(left.length) + (left.length === 1 ? " thing" : " things")), el("ul", {}, left.map((it) => el("li", {}, it))))
    : el("span", {}, "Nothing was left out but the values of older checkpoints. "), el("span", {}, "Written " + moment(about.written) + " by bevy-session " + about.tool + "."));

  const tabs = [["timeline", "Timeline", timelineTab], ["checkpoints", "Checkpoints", checkpointsTab], ["sizes", "Sizes", sizesTab],
    ["entities", "Entities", entitiesTab], ["difference", "Differences", differenceTab], ["events", "Events", eventsTab]];
  const sections = new Map(), buttons = new Map();
  const main = document.getElementById("main");
  main.replaceChildren();
  for (const [id, title, make] of tabs) {
    const made = make();
    const { parts, open, search } = Array.isArray(made) ? { parts: made } : made;
    const section = el("section", { id: "part-" + id, role: "tabpanel", "aria-labelledby": "tab-" + id, hidden: true }, parts);
    sections.set(id, { section, open, search, isOpen: false });
    main.append(section);
    const button = el("button", { id: "tab-" + id, role: "tab", "aria-controls": "part-" + id, on: { click: () => openTab(id) } }, title);
    buttons.set(id, button);
    document.getElementById("tabs").append(button);
  }
  function openTab(id) {
    if (!sections.has(id)) id = "timeline";
    for (const [other, { section }] of sections) {
      section.hidden = other !== id;
      buttons.get(other).setAttribute("aria-selected", String(other === id));
      buttons.get(other).tabIndex = other === id ? 0 : -1;
    }
    shown.tab = id;
    const chosen = sections.get(id);
    if (!chosen.isOpen && chosen.open) { chosen.isOpen = true; chosen.open(); }
    if (location.hash !== "#" + prefix + id) history.replaceState(null, "", "#" + prefix + id);
  }
  document.getElementById("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = (tabs.findIndex(([id]) => id === shown.tab) + step + tabs.length) % tabs.length;
    openTab(tabs[at][0]);
    buttons.get(tabs[at][0]).focus();
  });
  document.addEventListener("keydown", (event) => {
    const { search } = sections.get(shown.tab);
    if (event.key === "/" && search && document.activeElement.tagName !== "INPUT") { event.preventDefault(); search.focus(); }
  });
  const partOf = (hash) => hash.slice(1 + prefix.length);
  window.addEventListener("hashchange", () => {
    if (location.hash.startsWith("#" + prefix)) openTab(partOf(location.hash));
    else location.reload();
  });
  openTab(partOf(location.hash));
  if (shown.checkpoint) chooseCheckpoint(shown.checkpoint);
  root.dataset.ready = String(Math.round(performance.now()));
})();
