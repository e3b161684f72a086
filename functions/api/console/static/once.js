// A button that was pressed is not pressed twice: the form's buttons wait for the next page. (The server
// does not need it: a second click joins what the first began.)

export function pressOnce(root) {
  root.addEventListener("submit", ({ target: form }) => {
    if (form.dataset.autosave !== undefined) return;
    setTimeout(() => {
      for (const button of form.querySelectorAll("button:enabled")) {
        button.disabled = true;
        button.dataset.pressed = "";
      }
    });
  });
  addEventListener("pageshow", () => {
    // Back to this page by the browser's own button.
    for (const button of root.querySelectorAll("button[data-pressed]")) button.disabled = false;
  });
}
