// Keeps the page current and turns what a person does into the same requests a script would make.
"use strict";

const at = () => document.body.dataset;
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const quoted = (text) => CSS.escape(text);

async function post(path, data) {
  try {
    const answer = await fetch("/sandbox/" + path, { method: "POST", body: JSON.stringify(data) });
    return await answer.json();
  } catch {
    return { ok: false, why: "the demo does not answer: is it still running?" };
  }
}

function note(text) {
  const box = $("#note");
  box.textContent = text || "";
  clearTimeout(note.timer);
  note.timer = setTimeout(() => (box.textContent = ""), 5000);
}
const complain = (answer) => answer.ok || note("⚠️ " + (answer.said || answer.why || answer.error));

// ---- what a field says -------------------------------------------------------------------------------------------

// How far a zone's clock is ahead of UTC at an instant, in milliseconds.
function ahead(ms, tz) {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: tz, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }).formatToParts(ms);
  const p = Object.fromEntries(parts.map((x) => [x.type, +x.value]));
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(ms / 1000) * 1000;
}

function unixOf(local, tz) {
  const wall = Date.parse(local + "Z");
  if (Number.isNaN(wall)) return null;
  const guess = wall - ahead(wall, tz);
  return (wall - ahead(guess, tz)) / 1000;
}

function valueOf(el) {
  if (el.matches(".external")) {
    const values = JSON.parse(el.dataset.chosen).map((o) => o.value);
    return el.dataset.many ? values : values[0] ?? null;
  }
  if (el.matches(".choices, .many")) {
    const checked = $$("input:checked", el).map((i) => i.value);
    return el.dataset.many ? checked : checked[0] ?? null;
  }
  if (el.dataset.tz) return el.value ? unixOf(el.value, el.dataset.tz) : null;
  if (el.dataset.rich) return el.value ? { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: el.value }] }] } : null;
  // A list in which nothing is chosen says nothing.
  return el.matches("select") ? el.value || null : el.value;
}

// Everything filled in, by block id and action id.
function filled(root) {
  const values = {};
  for (const el of $$("[data-act=field], [data-act=choose]", root)) {
    (values[el.dataset.blockId] ??= {})[el.dataset.action] = valueOf(el);
  }
  return values;
}

function where(el) {
  const view = el.closest("[data-view]");
  if (view) return { view_id: view.dataset.view };
  const message = el.closest("[data-ts]");
  return { channel: message.dataset.channel, ts: message.dataset.ts };
}

// What stands beside the element that acts: by block id, or by action id where a block holds several.
function beside(el) {
  const root = el.closest("[data-view]") || el.closest("[data-ts]");
  const said = Object.entries(filled(root)).map(([block, inside]) => {
    const alone = Object.keys(inside).length === 1;
    return alone && block ? { [block]: Object.values(inside)[0] } : inside;
  });
  return Object.assign({}, ...said);
}

// ---- acting ------------------------------------------------------------------------------------------------------

// Shows the app's own question, if the element has one.
function confirmed(el) {
  const asked = $("template.confirm", el.closest(".el"));
  if (!asked) return Promise.resolve(true);
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  dialog.append(asked.content.cloneNode(true));
  $("h2", dialog).id = "confirm-title";
  dialog.setAttribute("aria-labelledby", "confirm-title");
  document.body.parentElement.append(dialog);
  return new Promise((done) => {
    dialog.addEventListener("click", (e) => {
      const button = e.target.closest("button");
      if (button) dialog.close(button.value);
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      el.focus();
      done(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

async function act(el, value) {
  if (!(await confirmed(el))) return refresh();
  if (el.dataset.url) window.open(el.dataset.url, "_blank", "noopener");
  el.classList.add("busy");
  const { action, blockId } = el.dataset;
  const click = { user: at().user, ...where(el), action_id: action, block_id: blockId, values: beside(el) };
  if (value !== undefined) click.value = value;
  const answer = await post("click", click);
  el.classList.remove("busy");
  if (answer.error !== "operation_timeout" && answer.error !== "app_not_connected") complain(answer);
}

const acts = {
  button: (el) => {
    el.closest("details[open]")?.removeAttribute("open");
    act(el, el.dataset.value);
  },
  unfold: (el) => {
    const text = el.previousElementSibling;
    const folded = text.classList.toggle("folded");
    el.textContent = folded ? "Show more" : "Show less";
  },
  react: async (el) => complain(await post("react", { user: at().user, ...where(el), name: el.dataset.name })),
  shortcut: async (el) => {
    el.closest("details").removeAttribute("open");
    complain(await post("shortcut", { user: at().user, ...where(el), callback_id: el.dataset.callback }));
  },
  close: (el) => closeView(el.closest("form"), false),
  "close-all": (el) => closeView(el.closest("form"), true),
  drawer: (el) => {
    const name = el.dataset.drawer;
    document.body.classList.toggle("drawer-side", name === "side");
    document.body.classList.toggle("drawer-desk", name === "desk");
    if (name) $(`#${name} .drawer-close`).focus();
    else $("#bar [data-act=drawer]")?.focus();
  },
  break: async (el) => {
    el.classList.add("busy");
    const answer = await post("break", { trouble: el.dataset.trouble });
    el.classList.remove("busy");
    if (answer.ok) note(answer.said);
    else complain(answer);
  },
  advance: (el) => runClock(el, "advance", { seconds: +el.dataset.seconds }),
  moment: (el) => runClock(el, "moment", { label: el.dataset.label }),
  telephone: async (el) => complain(await post("telephone", { call: el.dataset.call, do: el.dataset.do, key: el.dataset.key })),
  "text-back": async (el) => complain(await post("telephone", { from: el.dataset.from, text: el.dataset.text })),
  "tour-over": () => {
    remember("tour", "over");
    document.documentElement.classList.add("tour-over");
    $("#main textarea")?.focus({ preventScroll: true });
  },
};

// One after the other: the clock runs once at a time, and two presses are both meant.
function runClock(el, path, data) {
  el.classList.add("busy");
  runClock.last = Promise.resolve(runClock.last)
    .then(() => post(path, { ...data, run: true }))
    .then(complain)
    .finally(() => el.classList.remove("busy"));
}

// What this browser keeps. Where it keeps nothing, nothing is lost but that.
function remember(key, value) {
  try {
    localStorage.setItem("demo-" + key, value);
  } catch {}
}

function remembered(key) {
  try {
    return localStorage.getItem("demo-" + key);
  } catch {
    return null;
  }
}

function closeView(form, all) {
  if (form) post("close", { user: at().user, view_id: form.dataset.view, all });
}

document.addEventListener("click", (event) => {
  for (const open of $$("details.menu[open]")) if (!open.contains(event.target)) open.removeAttribute("open");
  const link = event.target.closest("a[data-nav]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    return go(link.getAttribute("href"), link);
  }
  const option = event.target.closest("[role=option]");
  if (option) return pick(option);
  const el = event.target.closest("button[data-act]");
  if (el) acts[el.dataset.act]?.(el);
});

// What was wrong with a field is not said about what is in it now.
function unblame(el) {
  const block = el.closest(".modal [data-block]");
  if (!block || !$(".error", block)?.textContent) return;
  $(".error", block).textContent = "";
  $$("[aria-invalid]", block).forEach((f) => f.removeAttribute("aria-invalid"));
}

document.addEventListener("change", (event) => {
  event.target.dirty = true;
  unblame(event.target);
  const many = event.target.closest(".many");
  if (many) {
    const checked = $$("input:checked", many);
    if (many.dataset.max && checked.length > +many.dataset.max) {
      event.target.checked = false;
      return note(`At most ${many.dataset.max} can be chosen.`);
    }
    const names = $$("input:checked", many).map((i) => i.nextElementSibling.textContent);
    $(".picked", many).textContent = names.join(", ") || many.dataset.hint;
  }
  const el = event.target.closest("[data-act=choose]");
  if (el && !el.dataset.dispatch && !el.matches(".external")) act(el, valueOf(el));
});

document.addEventListener("input", (event) => {
  const el = event.target;
  el.dirty = true;
  unblame(el);
  if (el.closest(".composer")) {
    el.style.height = "auto";
    el.style.height = el.scrollHeight + "px";
    complete(el);
  }
  if (el.dataset.dispatch === "character") act(el, valueOf(el));
  if (el.getAttribute("role") === "combobox") suggest(el);
});

// ---- lists one picks from: commands, and what an app suggests --------------------------------------------------------

function listFor(input) {
  const id = input.getAttribute("aria-controls");
  return id ? document.getElementById(id) : null;
}

function show(list, input, open) {
  list.hidden = !open;
  if (input.getAttribute("role") === "combobox") input.setAttribute("aria-expanded", open);
  if (!open) input.removeAttribute("aria-activedescendant");
}

function point(list, input, step) {
  const options = $$("[role=option]:not([hidden])", list);
  if (!options.length) return;
  const now = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
  const next = options[(now + step + options.length) % options.length];
  options.forEach((o) => o.setAttribute("aria-selected", o === next));
  next.id ||= "option-" + options.indexOf(next);
  input.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function complete(input) {
  const list = listFor(input);
  if (!list) return;
  const typed = /^\/\S*$/.test(input.value) ? input.value : null;
  const all = $$("[role=option]", list);
  all.forEach((o) => {
    o.hidden = typed === null || !o.dataset.command.startsWith(typed);
    o.setAttribute("aria-selected", "false");
  });
  const fits = all.some((o) => !o.hidden);
  show(list, input, fits);
  if (fits) point(list, input, 1);
}

function pick(option) {
  const list = option.closest("[role=listbox]");
  const field = list.closest(".external");
  if (!field) {
    const input = $("textarea", list.closest("form"));
    input.value = option.dataset.command + " ";
    show(list, input, false);
    return input.focus();
  }
  const input = $("input", field);
  const chosen = field.dataset.many ? JSON.parse(field.dataset.chosen) : [];
  if (!chosen.some((o) => o.value === option.dataset.value)) chosen.push({ value: option.dataset.value, text: option.textContent });
  field.dataset.chosen = JSON.stringify(chosen);
  input.value = field.dataset.many ? "" : option.textContent;
  if (field.dataset.many) {
    $(".chips", field).replaceChildren(...chosen.map((o) => Object.assign(document.createElement("span"), { className: "chip", textContent: o.text })));
  }
  show(list, input, false);
  input.focus();
  if (field.dataset.act === "choose") act(field, valueOf(field));
}

async function suggest(input) {
  const field = input.closest(".external");
  const list = listFor(input);
  if (!field.dataset.many) field.dataset.chosen = "[]";
  if (input.value.length < +field.dataset.least) return show(list, input, false);
  const asked = (field.asked = (field.asked || 0) + 1);
  const answer = await post("suggest", { user: at().user, ...where(field), action_id: field.dataset.action, block_id: field.dataset.blockId, value: input.value });
  if (asked !== field.asked) return;
  const options = answer.ok ? answer.options || (answer.option_groups || []).flatMap((g) => g.options) : [];
  list.replaceChildren(...options.map((o, i) => {
    const li = document.createElement("li");
    li.id = list.id + "-" + i;
    li.className = "menu-item";
    li.setAttribute("role", "option");
    li.setAttribute("aria-selected", "false");
    li.dataset.value = o.value;
    li.textContent = o.text.text;
    return li;
  }));
  show(list, input, options.length > 0);
  if (!answer.ok) complain(answer);
}

// ---- keys --------------------------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  const input = event.target;
  const list = input.matches?.("textarea, [role=combobox]") ? listFor(input) : null;
  if (list && !list.hidden) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = $("[aria-selected=true]:not([hidden])", list);
    if (step) point(list, input, step);
    else if (event.key === "Escape") show(list, input, false);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen && chosen.dataset.command !== input.value) pick(chosen);
    else if (event.key === "Enter" && chosen) {
      show(list, input, false);
      input.form.requestSubmit();
    } else return;
    event.preventDefault();
    return event.stopPropagation();
  }
  if (event.key === "Enter" && !event.isComposing) {
    if (input.matches(".composer textarea") && !event.shiftKey) {
      event.preventDefault();
      input.form.requestSubmit();
    } else if (input.dataset?.dispatch === "enter" && input.matches("input")) {
      event.preventDefault();
      act(input, valueOf(input));
    } else if (input.matches(".external input")) event.preventDefault();
  }
  if (event.key === "Escape" && !$("dialog[open]")) {
    const menu = $("details.menu[open]");
    const modal = $("#top form");
    const thread = $("#thread [data-close]");
    if (menu) {
      menu.removeAttribute("open");
      $("summary", menu).focus();
    } else if (modal) closeView(modal, false);
    else if (document.body.matches(".drawer-side, .drawer-desk")) acts.drawer({ dataset: {} });
    else if (thread) thread.click();
    else return;
    event.preventDefault();
  }
  if (event.key === "Tab") keepInside(event);
});

// Tab goes round inside a modal.
function keepInside(event) {
  const modal = $("#top form");
  if (!modal || $("dialog[open]")) return;
  const all = $$("button, input, select, textarea, summary, a[href], [tabindex='0']", modal).filter((e) => !e.disabled && e.offsetParent);
  const edge = event.shiftKey ? all[0] : all.at(-1);
  if (document.activeElement === edge || !modal.contains(document.activeElement)) {
    event.preventDefault();
    (event.shiftKey ? all.at(-1) : all[0])?.focus();
  }
}

// ---- sending ------------------------------------------------------------------------------------------------------

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.target.matches(".composer")) return say(event.target);
  const form = event.target;
  const wrong = (el, on) => $$("input, select, textarea", el).forEach((f) => (on ? f.setAttribute("aria-invalid", "true") : f.removeAttribute("aria-invalid")));
  $$(".error", form).forEach((e) => (e.textContent = ""));
  wrong(form, false);
  const button = event.submitter || $("button[type=submit]", form);
  button?.classList.add("busy");
  const answer = await post("submit", { user: at().user, view_id: form.dataset.view, values: filled(form) });
  button?.classList.remove("busy");
  let first = null;
  for (const [block, why] of Object.entries(answer.errors || {})) {
    const place = $(`[data-block="${quoted(block)}"]`, form);
    if (!place) continue;
    $(".error", place).textContent = why;
    wrong(place, true);
    first ??= $("input, select, textarea", place);
  }
  first?.focus();
  if (!answer.errors) complain(answer);
});

async function say(form) {
  const input = form.elements.text;
  const typed = input.value;
  const text = typed.trim();
  if (!text) return;
  const thread = form.dataset.thread;
  const [, command, rest] = typed.trimEnd().match(/^(\/\S+)\s*([^]*)$/) || [];
  if (command && thread) return note("Slack knows no commands in threads: type it in the channel.");
  input.value = "";
  input.style.height = "auto";
  input.dirty = false;
  complete(input);
  const place = { user: at().user, channel: at().channel };
  const answer = command
    ? await post("slash", { ...place, command, text: rest })
    : await post("say", { ...place, text, typed: true, ...(thread && { thread_ts: thread }) });
  if (answer.error === "unknown_command" && !input.value) input.value = typed;
  if (answer.error !== "operation_timeout" && answer.error !== "app_not_connected") complain(answer);
}

// ---- staying current ---------------------------------------------------------------------------------------------

const keyOf = (node) => (node.nodeType === 1 ? node.dataset.key || node.id || null : null);

// Makes `old` what `fresh` is, and leaves alone what a person is doing: typed text, focus, open menus, scrolling.
function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !keeps(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value && !keeps(old, name)) old.setAttribute(name, value);
  }
  if (old.hasAttribute("data-keep") || old.matches("template")) return;
  if (old.matches("textarea")) return void (old.dirty || old.value === fresh.value || (old.value = fresh.value));
  if (old.matches("input") && !old.dirty) {
    if (old.matches("[type=checkbox], [type=radio]")) old.checked = fresh.hasAttribute("checked");
    else old.value = fresh.getAttribute("value") ?? "";
  }
  if (old.matches("select") && old.dirty) return;
  const known = new Map();
  for (const child of old.children) if (keyOf(child)) known.set(keyOf(child), child);
  let spot = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    let have = key ? known.get(key) : spot && !keyOf(spot) ? spot : null;
    if (have && (have.nodeType !== wanted.nodeType || have.nodeName !== wanted.nodeName)) have = null;
    if (!have) {
      old.insertBefore(wanted, spot);
      continue;
    }
    if (have !== spot) old.insertBefore(have, spot);
    else spot = spot.nextSibling;
    if (have.nodeType !== 1) have.nodeValue === wanted.nodeValue || (have.nodeValue = wanted.nodeValue);
    else if (!have.isEqualNode(wanted) || $("input, textarea, select", have)) morph(have, wanted);
  }
  while (spot) {
    const next = spot.nextSibling;
    spot.remove();
    spot = next;
  }
}

function keeps(el, name) {
  if (name === "open" || name === "hidden") return el.matches("details, [role=listbox]");
  if (name === "class") return el === document.body || el.matches(".folded, .fold > div");
  if (name === "style") return el.matches("textarea");
  if (["aria-invalid", "aria-activedescendant", "aria-expanded"].includes(name)) return true;
  if (name === "aria-selected") return el.matches("[role=option]");
  return name === "data-chosen" && $("input", el)?.dirty;
}

let wantedScroll = null;
let cameFrom = null;

// Done once the page is as new as this asks for, by this look at the server or by a later one.
function refresh() {
  return (refresh.last = redraw());
}

async function redraw() {
  const mine = (redraw.count = (redraw.count || 0) + 1);
  const answer = await fetch("/fragment" + location.search);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  if (mine !== redraw.count) return refresh.last;
  const before = $("#messages");
  const atEnd = !before || before.scrollHeight - before.scrollTop - before.clientHeight < 90;
  const hadModal = $("#top form")?.dataset;
  const [view, hash] = [hadModal?.view, hadModal?.hash];
  if (!view) cameFrom = focusKey();
  const drawers = [...document.body.classList].filter((c) => c.startsWith("drawer-"));
  morph(document.body, next);
  document.body.className = [next.className, ...drawers].join(" ").trim();
  const list = $("#messages");
  if (list && (list !== before || atEnd || wantedScroll === "end")) list.scrollTop = list.dataset.key === "home" ? 0 : list.scrollHeight;
  const thread = $("#thread .scroll");
  if (thread && !thread.seen) thread.scrollTop = thread.scrollHeight;
  if (thread) thread.seen = true;
  wantedScroll = null;
  afterModal(view, hash);
  tick();
  seen();
  buzz();
}

// On a phone the lock screen is in a drawer: a push drops in from above, as it does there.
function buzz() {
  const newest = $(".pushes .push");
  const before = buzz.before;
  buzz.before = { user: at().user, key: newest?.dataset.key };
  if (!newest || !before || before.user !== at().user || before.key === newest.dataset.key) return;
  if (!matchMedia("(max-width: 820px)").matches) return;
  const shown = newest.cloneNode(true);
  shown.removeAttribute("data-key");
  $("#buzz").replaceChildren(shown);
  clearTimeout(buzz.timer);
  buzz.timer = setTimeout(() => $("#buzz").replaceChildren(), 8000);
}

// Focus goes into a new modal, and back to where it came from.
function afterModal(view, hash) {
  const modal = $("#top form");
  if (modal && modal.dataset.view === view && modal.dataset.hash !== hash) $$(".error", modal).forEach((e) => (e.textContent = ""));
  if (modal && modal.dataset.view !== view) {
    const first = $("[data-focus]", modal) || $(".modal-body :is(input, select, textarea, button, summary)", modal) || $("h2", modal);
    first?.focus();
  }
  if (!modal && view) (findFocus(cameFrom) || $("#main textarea"))?.focus();
}

// A description of what has the focus that outlives a redraw.
function focusKey() {
  const el = document.activeElement;
  if (!el || el === document.body) return null;
  return { message: el.closest("[data-ts]")?.dataset.ts, action: el.dataset?.action, composer: el.matches(".composer textarea") };
}

function findFocus(key) {
  if (!key) return null;
  if (key.composer) return $("#main .composer textarea");
  const message = key.message && $(`article[data-ts="${quoted(key.message)}"]`);
  return message && ((key.action && $(`[data-action="${quoted(key.action)}"]`, message)) || $("button, a", message));
}

async function go(href, link) {
  const person = new URL(href, location).searchParams.get("as") !== new URLSearchParams(location.search).get("as");
  history.pushState(null, "", href);
  document.body.classList.remove("drawer-side", "drawer-desk");
  $("#buzz").replaceChildren();
  wantedScroll = "end";
  await refresh();
  opened();
  if (new URL(href, location).searchParams.has("thread")) $("#thread textarea")?.focus();
  else if (!person && link.closest("#side")) $("#main textarea")?.focus({ preventScroll: true });
}
window.addEventListener("popstate", () => refresh().then(opened));

// The app hears that its Home tab or its direct message was opened.
function opened() {
  if (at().tab) post("home", { user: at().user, tab: at().tab });
}

// What is on screen is read.
function seen() {
  if (at().channel && document.visibilityState === "visible") post("read", { user: at().user, channel: at().channel });
}
document.addEventListener("visibilitychange", seen);

async function live() {
  for (;;) {
    try {
      const answer = await fetch("/news?since=" + at().revision);
      if ((await answer.text()) !== at().revision) await refresh();
    } catch {
      await new Promise((again) => setTimeout(again, 1000));
    }
  }
}

// The demo's clock runs on between two looks at the server.
function tick() {
  const clock = $("#now");
  if (!clock) return;
  if (clock.dataset.ms !== tick.ms) [tick.ms, tick.from] = [clock.dataset.ms, performance.now()];
  const now = +clock.dataset.ms + performance.now() - tick.from;
  clock.textContent = new Date(now).toLocaleTimeString("en-GB", { timeZone: clock.dataset.tz, hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const screen = $(".phone-time");
  const minute = clock.textContent.slice(0, 5);
  if (screen) screen.textContent = minute;
  // How long ago something came is drawn by the server.
  const before = tick.minute;
  tick.minute = minute;
  if (before && before !== minute) refresh().catch(() => {});
}

// Whoever the page opened as stays, whoever is on call later.
if (!location.search) {
  history.replaceState(null, "", "/?" + new URLSearchParams({ as: at().user, channel: at().place }));
}
if (remembered("tour") === "over") document.documentElement.classList.add("tour-over");
const list = $("#messages");
if (list && list.dataset.key !== "home") list.scrollTop = list.scrollHeight;
afterModal(null, null);
// On a phone the focus would bring up the keyboard.
if (!$("#top form") && !matchMedia("(pointer: coarse)").matches) $("#main textarea")?.focus({ preventScroll: true });
opened();
seen();
buzz();
setInterval(tick, 500);
tick();
live();
