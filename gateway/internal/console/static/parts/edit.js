// Dialogs that change what somebody else may change at the same time. The tag of what was read goes with the change; with an old one
// it is refused.
import { $, button, el } from "./dom.js";
import { field, openDialog } from "./form.js";

const text = (value) => String(value ?? "");

// controls are the form fields of a state. Each field has a control with its id, and of, which gives its value in a state.
export const controls = (fields, state) => fields.map(({ label, control, of, help }) => field(label, control(text(of(state))), help));

// isChanged reports whether an error says that somebody else was faster.
export const isChanged = (err) => err.kind === "changed-meanwhile";

// openEdit shows a dialog over what read returns: a state and its tag. save gets the fields that were changed, and the tag. If somebody
// else has changed the state meanwhile, the dialog says so, and offers to load the new one: what was typed stays.
export async function openEdit({ what, read, fields, save, ...dialog }) {
  let { state, tag } = await read();
  const typed = ({ id, of }) => $(id).value !== text(of(state));
  const error = () => $(`${dialog.id}-form-error`);
  const said = el("p", { role: "status", id: `${dialog.id}-said` });
  const offer = el("p", { hidden: true }, button("Load the new state", { id: `${dialog.id}-load` }, () => load().catch((err) => { error().textContent = err.message; })));

  async function load() {
    const fresh = await read();
    const kept = fields.filter(typed);
    const both = kept.filter(({ of }) => text(of(fresh.state)) !== text(of(state)));
    for (const { id, of } of fields.filter((one) => !kept.includes(one))) put($(id), text(of(fresh.state)));
    ({ state, tag } = fresh);
    error().textContent = "";
    offer.hidden = true;
    said.textContent = ["The new state is loaded.", kept.length && `What you typed is kept: ${kept.map(({ label }) => label).join(", ")}.`,
      ...both.map(({ label, of }) => `The other one has set ${label} to ${text(of(state)) || "nothing"}.`), "Look at it, and save again."].filter(Boolean).join(" ");
    $(`${dialog.id}-yes`).focus();
  }

  openDialog({
    ...dialog, content: [...controls(fields, state), said, offer],
    submit: async () => {
      said.textContent = "";
      offer.hidden = true;
      try {
        return await save(fields.filter(typed), tag);
      } catch (err) {
        if (!isChanged(err)) throw err;
        offer.hidden = false;
        throw new Error(`Somebody else has changed ${what} meanwhile. Nothing was saved.`);
      }
    },
  });
}

// put sets the value of a control. A select may not have it yet.
function put(control, value) {
  if (control.options && ![...control.options].some((one) => one.value === value)) control.add(new Option(value, value));
  control.value = value;
}
