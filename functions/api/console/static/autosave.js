// A choice that is kept as it is made: `form[data-autosave]` is sent when one of its selects changes, and
// its `output` says what became of it. One after the other: what is chosen last is stored last. Where
// scripts are off the form has a button.

export function saveAsChosen(root) {
  for (const form of root.querySelectorAll("form[data-autosave]")) {
    let before = Promise.resolve();
    form.addEventListener("change", () => {
      before = before.then(() => save(form));
    });
  }
}

async function save(form) {
  const told = form.querySelector("output");
  told.className = "quiet";
  told.textContent = "Saving…";
  const sent = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(form.action, { method: "POST", body: sent, headers: { Accept: "application/json" }, keepalive: true });
    const said = await answer.json();
    told.className = answer.ok ? "well" : "wrong";
    told.textContent = answer.ok ? said.message : `Not saved: ${said.detail} ${said.action || ""}`;
  } catch {
    told.className = "wrong";
    told.textContent = "Not saved: there is no connection. Choose again in a moment.";
  }
}
