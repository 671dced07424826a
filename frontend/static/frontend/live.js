// Keeps the part of the page that is still changing up to date. Without it the page reloads itself every 3 s.
const PAUSE = 2000;

async function refresh() {
  let answer;
  try {
    answer = await fetch(location.href);
  } catch {
    return setTimeout(refresh, PAUSE); // The network is away; the next round asks again.
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (!answer.ok || !fresh) {
    return location.reload(); // It has come to its end, so the whole page looks different.
  }
  document.getElementById("live").replaceWith(fresh);
  return setTimeout(refresh, PAUSE);
}

setTimeout(refresh, PAUSE);
