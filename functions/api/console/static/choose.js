// Choosing many rows: `form[data-choose]` with a `[data-all]` box, boxes named by `data-choose`, and a
// `[data-chosen]` output.

export function chooseMany(root) {
  for (const form of root.querySelectorAll("form[data-choose]")) {
    const all = form.querySelector("[data-all]");
    if (all) all.hidden = false;
    form.addEventListener("change", (event) => {
      if (event.target === all) for (const box of boxes(form)) box.checked = all.checked;
      tell(form, all);
    });
    tell(form, all);
  }
}

function boxes(form) {
  return [...form.querySelectorAll(`input[type="checkbox"][name="${form.dataset.choose}"]:not(:disabled)`)];
}

function tell(form, all) {
  const there = boxes(form);
  const chosen = there.filter((box) => box.checked).length;
  if (all) {
    all.checked = there.length > 0 && chosen === there.length;
    all.indeterminate = chosen > 0 && chosen < there.length;
  }
  const told = form.querySelector("[data-chosen]");
  if (told) told.textContent = chosen ? `${chosen} chosen` : "";
}
