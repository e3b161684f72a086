// Parts of a page that change while one looks: `data-refresh` is where the part comes from, `data-every`
// the seconds between two looks. A part that comes without `data-refresh` is done. Each that is put in place
// says so by an event, `part`.

const LONGEST = 30;

export function refreshParts(root) {
  for (const part of root.querySelectorAll("[data-refresh]")) later(part, Number(part.dataset.every || 1));
}

function later(part, seconds) {
  setTimeout(() => refresh(part, seconds), seconds * 1000);
}

async function refresh(part, seconds) {
  if (!part.isConnected) return;
  const fresh = await fetched(part.dataset.refresh);
  if (fresh === null) {
    later(part, Math.min(LONGEST, seconds * 2)); // the network, or a deployment: it comes back
    return;
  }
  put(part, fresh);
}

// The part's element in what the server rendered; null where there is no such answer.
export async function fetched(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return null;
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    return parsed.querySelector("[data-part]");
  } catch {
    return null;
  }
}

// In place of what is there, if it says anything new: whoever reads or has something focused stays there.
export function put(part, fresh) {
  if (part.isEqualNode(fresh)) fresh = part;
  else {
    const focus = counterpart(part, fresh);
    part.replaceWith(fresh);
    focus?.focus();
    fresh.dispatchEvent(new CustomEvent("part", { bubbles: true }));
  }
  if (fresh.dataset.whole !== undefined) {
    location.reload(); // what is around it has changed as well
    return;
  }
  if (fresh.dataset.refresh) later(fresh, Number(fresh.dataset.every || 1));
}

// Of what is focused in the part, if anything is: what is the same, and as many like it come before.
function counterpart(part, fresh) {
  const focused = document.activeElement;
  if (!part.contains(focused)) return null;
  const like = (within) => [...within.querySelectorAll(focused.tagName)].filter((one) => one.isEqualNode(focused));
  return like(fresh)[like(part).indexOf(focused)];
}
