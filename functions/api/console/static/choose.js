// Choosing many rows: `form[data-choose]` with a `[data-all]` box, boxes named by `data-choose`, and a
// `[data-chosen]` output. Boxes may stand outside of the form, with its id in their `form` attribute. A
// select of the form in a box's row is a choice: it ticks the row, and unticks it where it says nothing.

export function chooseMany(root) {
  for (const form of root.querySelectorAll("form[data-choose]")) {
    const all = [...form.elements].find((one) => one.dataset.all !== undefined);
    if (all) (all.closest("label[hidden]") || all).hidden = false;
    root.addEventListener("change", (event) => {
      if (event.target.form !== form) return;
      if (event.target === all) for (const box of boxes(form)) box.checked = all.checked;
      else if (event.target.tagName === "SELECT") tick(form, event.target);
      tell(form, all);
    });
    tell(form, all);
  }
}

function boxes(form) {
  return [...form.elements].filter((one) => one.type === "checkbox" && one.name === form.dataset.choose && !one.disabled);
}

function tick(form, select) {
  const row = select.closest("tr");
  for (const box of boxes(form)) if (row && row.contains(box)) box.checked = select.value !== "";
}

function tell(form, all) {
  const there = boxes(form);
  const chosen = there.filter((box) => box.checked).length;
  if (all) {
    all.checked = there.length > 0 && chosen === there.length;
    all.indeterminate = chosen > 0 && chosen < there.length;
  }
  const told = [...form.elements].find((one) => one.dataset.chosen !== undefined);
  if (told) told.textContent = chosen ? `${chosen} chosen` : "";
}
