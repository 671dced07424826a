// Runs before the first paint, so that a dark screen does not flash white.
const wish = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.documentElement.dataset.bsTheme = wish.matches ? "dark" : "light"; };
wish.addEventListener("change", follow);
follow();
