// What pages do by themselves where scripts run. Everything here has a way without them.

import { refreshParts } from "./refresh.js";
import { loadOnExpand } from "./expand.js";
import { saveAsChosen } from "./autosave.js";
import { chooseMany } from "./choose.js";
import { pressOnce } from "./once.js";

refreshParts(document);
loadOnExpand(document);
pressOnce(document);
work(document);
document.addEventListener("part", (event) => work(event.target));

// The choices of the page, then those of each part that comes later.
function work(root) {
  saveAsChosen(root);
  chooseMany(root);
}
