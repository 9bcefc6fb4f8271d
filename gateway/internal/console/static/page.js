// What the parts of the console need of the page. Nothing here knows a token.
export const $ = (id) => document.getElementById(id);
export const time = (text) => new Date(text).toLocaleString();

export function notice(text, alarm = false) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
  $("notice").classList.toggle("alarm", alarm);
}

// guarded shows an error of a handler as a notice.
export function guarded(handler) {
  return async (event) => {
    event?.preventDefault();
    notice("");
    try {
      await handler(event);
    } catch (err) {
      notice(err.message, true);
    }
  };
}

// button says in about what it does when it is read out of its row.
export function button(text, about, handler) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "plain";
  made.textContent = text;
  made.setAttribute("aria-label", about);
  made.addEventListener("click", guarded(handler));
  return made;
}

export function buttons(...some) {
  const group = document.createElement("span");
  group.className = "buttons";
  group.append(...some);
  return group;
}

export function row(cells, kind = "td") {
  const tr = document.createElement("tr");
  for (const content of cells) {
    const cell = document.createElement(kind);
    cell.append(content);
    tr.append(cell);
  }
  return tr;
}

// fill puts rows into a table. On a narrow screen each row is a card, whose lines begin with the columns' names.
export function fill(id, rows) {
  const names = [...$(id).tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const one of rows) [...one.cells].forEach((cell, i) => { cell.dataset.name = names[i]; });
  $(id).tBodies[0].replaceChildren(...rows);
}

export async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    return notice("The text is selected: copy it with Ctrl+C.");
  }
  notice("Copied.");
}

// openDialog shows a dialog until it is cancelled or submit has succeeded, which returns what gets the focus then. After an error
// it stays open and shows the error.
export function openDialog(id, submit) {
  const dialog = $(id);
  const error = dialog.querySelector("[role=alert]");
  let busy = false;
  error.textContent = "";
  dialog.querySelector(".cancel").onclick = () => dialog.close();
  dialog.querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    error.textContent = "";
    try {
      const next = await submit();
      dialog.close();
      next.focus();
      next.select?.();
    } catch (err) {
      if (dialog.open) error.textContent = err.message;
      else notice(err.message, true);
    } finally {
      busy = false;
    }
  };
  notice("");
  dialog.showModal();
}

// ask lets the user confirm what cannot be undone.
export function ask(question, yes, action) {
  $("question-text").textContent = question;
  $("question-yes").textContent = yes;
  openDialog("question", action);
}

export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

// whole reads an optional whole number. An empty field is null, which is no limit.
export const whole = (field) => (field.value === "" ? null : field.valueAsNumber);
export const orNone = (number) => (number === null ? "none" : number.toLocaleString());
export const names = (text) => text.split(/[\s,]+/).filter(Boolean);
