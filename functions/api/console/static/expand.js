// A box that asks for its content when it is opened, and not before: `details[data-load]`.

import { fetched, put } from "./refresh.js";

export function loadOnExpand(root) {
  for (const box of root.querySelectorAll("details[data-load]")) {
    box.addEventListener("toggle", () => {
      if (box.open) load(box);
    });
    if (box.open) load(box);
  }
}

async function load(box) {
  const part = box.querySelector("[data-part]");
  const fresh = await fetched(box.dataset.load);
  if (fresh !== null) put(part, fresh);
  else part.textContent = "This could not be loaded. Close and open it to try again.";
}
