// Dialogs: open as soon as they are made, and gone from the page when they close.

import { h } from "./dom.js";

export function openDialog(props, ...content) {
  const dialog = h("dialog", props, content);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// `submit` is the main button's text, null where there is nothing to submit; `request()` is what it
// asks of the server. `more(attempt)` gives further buttons, which hand their requests to `attempt`.
// What the server refuses is said in the dialog; its answer closes the dialog and goes to `done`.
export function openForm({ title, fields, submit, cancel = "Cancel", request, more }, done) {
  const problem = h("p", { className: "problem", role: "alert", hidden: true });
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", {}, title),
    fields,
    problem,
    h(
      "div",
      { className: "dialog-buttons" },
      submit ? h("button", { type: "submit", className: "primary" }, submit) : null,
      h("button", { type: "button", onclick: () => dialog.close() }, cancel),
    ),
    more ? h("div", { className: "more-actions" }, more(attempt)) : null,
  );
  const dialog = openDialog({}, form);
  form.querySelector("input").select();

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(request());
  });

  async function attempt(requested) {
    try {
      const result = await requested;
      dialog.close();
      done(result);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }
}

export function labelled(text, input) {
  return [h("label", { htmlFor: input.id }, text), input];
}
