// What every page can do with a script: close a message, copy a text, be walked through by keyboard, stay up to date.

document.addEventListener("click", async (event) => {
  const close = event.target.closest("[data-close]");
  if (close) {
    close.parentElement.remove();
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    copy.textContent = "Copied";
  }
});

const shortcuts = document.getElementById("shortcuts");
const areOn = document.getElementById("shortcuts-on");
areOn.checked = localStorage.getItem("shortcuts") !== "off";
areOn.addEventListener("change", () => localStorage.setItem("shortcuts", areOn.checked ? "on" : "off"));

let going = false; // After a `g`, until the next key.

function go(key) {
  const links = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  const here = links.findIndex((link) => link.ariaCurrent);
  links[(here + 1) % links.length]?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.target.form.requestSubmit();
    return;
  }
  const isTyping = event.target.matches("input, select, textarea");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || (!areOn.checked && event.key !== "?")) {
    return;
  }
  if (going) {
    going = false;
    go(event.key);
  } else if (event.key === "g") {
    going = true;
  } else if (event.key === "/") {
    event.preventDefault(); // Else the slash would be typed there.
    document.querySelector("main :is(input:not([type=hidden]), textarea, select)")?.focus();
  } else if (event.key === "?") {
    shortcuts.showModal();
  }
});

// A part that keeps itself up to date asks for its own page. When the answer is another page, for instance because
// the session has ended, the whole of it is what there is to see.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "live" && !event.detail.serverResponse.includes('id="live"')) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
