// Keeps the page current and turns what a person does into the same requests a script would make.
"use strict";

const body = () => document.body.dataset;

async function post(path, data) {
  const answer = await fetch("/sandbox/" + path, { method: "POST", body: JSON.stringify(data) });
  return answer.json();
}

function note(text) {
  const box = document.getElementById("note");
  box.textContent = text || "";
  clearTimeout(note.timer);
  note.timer = setTimeout(() => (box.textContent = ""), 8000);
}

// The value of a field: text, one choice, or a list of choices.
function valueOf(el) {
  if (el.matches(".choices")) {
    const checked = [...el.querySelectorAll("input:checked")].map((i) => i.value);
    return el.dataset.many ? checked : checked[0] ?? null;
  }
  if (el.matches("select[multiple]")) return [...el.selectedOptions].map((o) => o.value);
  return el.value;
}

// Everything filled in so far, by action id.
function filled(root) {
  const values = {};
  for (const el of root.querySelectorAll("[data-act=field]")) values[el.dataset.action] = valueOf(el);
  return values;
}

function where(el) {
  const view = el.closest("[data-view]");
  if (view) return { view_id: view.dataset.view, values: filled(view) };
  const message = el.closest("[data-ts]");
  return { channel: message.dataset.channel, ts: message.dataset.ts, values: filled(message) };
}

// A confirmation dialog, as the app worded it.
function confirmed(el) {
  if (!el.dataset.confirm) return Promise.resolve(true);
  const c = JSON.parse(el.dataset.confirm);
  const dialog = document.createElement("dialog");
  const add = (tag, text, value) => {
    const e = dialog.appendChild(document.createElement(tag));
    e.textContent = text;
    if (value !== undefined) {
      e.className = "btn " + (value ? c.style || "primary" : "");
      e.onclick = () => dialog.close(value ? "yes" : "no");
    }
    return e;
  };
  add("h3", c.title.text);
  add("p", c.text.text);
  add("button", c.deny.text, false);
  add("button", c.confirm.text, true);
  document.documentElement.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.onclose = () => {
      dialog.remove();
      done(dialog.returnValue === "yes");
    };
  });
}

async function act(el, value) {
  if (!(await confirmed(el))) return;
  if (el.dataset.url) window.open(el.dataset.url, "_blank", "noreferrer");
  el.classList.add("busy");
  const said = { user: body().user, action_id: el.dataset.action, block_id: el.dataset.blockId, ...where(el) };
  if (value !== undefined) said.value = value;
  const answer = await post("click", said);
  el.classList.remove("busy");
  if (!answer.ok) note("⚠️ " + (answer.why || answer.error));
}

document.addEventListener("click", async (event) => {
  const el = event.target.closest("[data-act]");
  if (!el) return;
  if (el.dataset.act === "button") act(el, el.dataset.value);
  if (el.dataset.act === "close" || el.dataset.act === "close-all") {
    const view = el.closest("[data-view]").dataset.view;
    await post("close", { user: body().user, view_id: view, all: el.dataset.act === "close-all" });
  }
});

document.addEventListener("change", (event) => {
  const el = event.target.closest("[data-act=choose]");
  if (el) act(el, valueOf(el));
});

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.id === "say") {
    const input = form.elements.text;
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    const at = { user: body().user, channel: body().channel };
    const [, command, rest] = text.match(/^(\/\S+)\s*([^]*)$/) || [];
    const answer = command ? await post("slash", { ...at, command, text: rest }) : await post("say", { ...at, text });
    if (!answer.ok) note("⚠️ " + (answer.why || answer.error));
    return;
  }
  const values = {};
  for (const el of form.querySelectorAll("[data-act=field]")) {
    (values[el.dataset.blockId] ??= {})[el.dataset.action] = valueOf(el);
  }
  form.querySelectorAll(".error").forEach((e) => (e.textContent = ""));
  const answer = await post("submit", { user: body().user, view_id: form.dataset.view, values });
  for (const [block, why] of Object.entries(answer.errors || {})) {
    const place = form.querySelector(`[data-block="${CSS.escape(block)}"] .error`);
    if (place) place.textContent = why;
  }
  if (!answer.ok && !answer.errors) note("⚠️ " + (answer.why || answer.error));
});

function swap(next, id) {
  const [old, fresh] = [document.getElementById(id), next.getElementById(id)];
  if (old && fresh && old.innerHTML !== fresh.innerHTML) old.innerHTML = fresh.innerHTML;
}

async function refresh() {
  const answer = await fetch("/fragment" + location.search);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const list = document.getElementById("messages");
  const atEnd = !list || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  swap(next, "side");
  swap(next, "messages");
  // A modal somebody is typing in stays as it is until the app changes it.
  const key = (d) => d.querySelector("#top form")?.dataset.key;
  if (key(document) !== key(next)) {
    swap(next, "top");
    document.querySelector("#top [data-act=field]")?.focus();
  }
  document.body.dataset.revision = next.body.dataset.revision;
  if (atEnd && list) list.scrollTop = list.scrollHeight;
}

async function live() {
  for (;;) {
    try {
      const answer = await fetch("/news?since=" + body().revision);
      if ((await answer.text()) !== body().revision) await refresh();
    } catch {
      await new Promise((again) => setTimeout(again, 1000));
    }
  }
}

const list = document.getElementById("messages");
if (list) list.scrollTop = list.scrollHeight;
if (body().place === "home") post("home", { user: body().user });
document.querySelector("#say input")?.focus();
live();
