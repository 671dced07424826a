// A file that is chosen or dropped is shown before anything of it is sent: its first rows, the columns to choose from,
// the balance of its labels and what looks wrong. While it is sent one sees how far it is. Needs table_reader.js.

const READ_BYTES = 256 * 1024;
const SHOWN_ROWS = 50;
const SHOWN_LABELS = 12;
const LABEL_NAMES = ["label", "class", "target", "category", "intent"];
const TEXT_NAMES = ["text", "message", "body", "content", "comment", "review", "description", "question", "utterance"];
const looks = new WeakMap(); // What was read, by the form that it will be sent with.

document.addEventListener("change", async ({ target }) => {
  const form = target.closest("[data-upload]");
  if (form && target.type === "file") {
    await look(form, target);
  } else if (form && target.matches("select")) {
    offerColumns(form, looks.get(form), form.elements.label.value, form.elements.text.value);
    show(form, looks.get(form));
  }
});

// A file that was mended and is chosen again has the same name: the browser would see no change.
for (const type of ["click", "drop"]) {
  document.addEventListener(type, ({ target }) => {
    if (target.matches?.("[data-upload] [type=file]")) {
      target.value = "";
    }
  });
}
document.addEventListener("cancel", async ({ target }) => {
  if (target.matches("[data-upload] [type=file]")) {
    await look(target.form, target);
  }
});

for (const [type, isOver] of Object.entries({ dragenter: true, dragleave: false, drop: false })) {
  document.addEventListener(type, ({ target }) => target.closest?.(".drop")?.classList.toggle("is-over", isOver));
}

async function look(form, field) {
  const file = field.files[0];
  const plain = looks.get(form)?.plain ?? [...part(form, "columns-chosen").childNodes];
  const bytes = file && new Uint8Array(await file.slice(0, READ_BYTES).arrayBuffer());
  if (file !== field.files[0]) {
    return; // Another one was chosen meanwhile.
  }
  const isWhole = !file || file.size <= READ_BYTES;
  const isTooLarge = file && file.size > Number(form.dataset.limit);
  const read = file ? readTable(bytes, isWhole) : { names: [], rows: [], problems: [] };
  const isRefused = file && (isTooLarge || !read.names.length);
  const found = { ...read, plain, isWhole, isTooLarge };
  looks.set(form, found);
  form.querySelector(".drop-send button").disabled = isRefused;
  if (!file || isRefused) {
    part(form, "columns-chosen").replaceChildren(...plain);
    part(form, "preview").replaceChildren();
    tell(form, isTooLarge ? [tooLarge(form)] : found.problems, "danger");
    return;
  }
  if (!form.dataset.columns) {
    part(form, "columns-chosen").replaceChildren(document.getElementById("columns-choice").content.cloneNode(true));
    const label = guessLabel(found.names);
    offerColumns(form, found, label, guessText(found, label));
  }
  show(form, found);
}

function show(form, found) {
  const label = form.dataset.label ?? form.elements.label.value;
  const place = found.names.indexOf(label);
  const counts = new Map();
  for (const cell of found.rows.map((row) => row[place]?.trim()).filter(Boolean)) {
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const problems = [...columnProblems(form, found), ...labelProblems(form, found, label, counts)];
  tell(form, [...found.problems, ...problems], "warning");
  const preview = document.getElementById("preview").content.cloneNode(true);
  fillBalance(preview, counts, found);
  fillRows(preview, found, place);
  part(form, "preview").replaceChildren(preview);
}

function columnProblems(form, { names }) {
  if (!form.dataset.columns) {
    const sentence = "There is only one column. Beside the label there must be something to learn from.";
    return names.length === 1 ? [sentence] : [];
  }
  const known = JSON.parse(form.dataset.columns);
  return names
    .filter((name) => !known.includes(name))
    .map((name) => `The data set has no column “${name}”. Leave it out.`);
}

function labelProblems(form, { names, rows, isWhole }, label, counts) {
  const where = isWhole ? "" : ` in the first ${rows.length.toLocaleString("en")} rows`;
  if (!names.includes(label)) {
    return [`There is no column “${label}”, which holds the label of these rows. Add it.`];
  }
  if (form.dataset.columns || !rows.length) {
    return rows.length ? [] : ["There are no rows below the header. Add some."];
  }
  if (counts.size < 2) {
    const held = counts.size ? `only “${counts.keys().next().value}”` : "nothing";
    return [`The label column “${label}” holds ${held}${where}. A classifier needs at least two labels.`];
  }
  const neverRepeats = counts.size === rows.length && rows.length > 2;
  return neverRepeats ? [`Every value of “${label}” stands in one row only${where}. Is it really the label?`] : [];
}

function tooLarge(form) {
  return `The file is too large: your plan takes ${form.dataset.limitWords}. Split it, or leave out columns.`;
}

function guessLabel(names) {
  const known = LABEL_NAMES.map((wanted) => names.find((name) => name.toLowerCase() === wanted)).find(Boolean);
  return known ?? names.at(-1);
}

// Only a column that is plainly the text: learning from it alone leaves the others out.
function guessText({ names, rows }, label) {
  const others = names.filter((name) => name !== label);
  const only = others.length === 1 ? others[0] : "";
  const likely = others.find((name) => TEXT_NAMES.includes(name.toLowerCase())) ?? only;
  const cells = rows.map((row) => row[names.indexOf(likely)] ?? "");
  const words = cells.reduce((sum, cell) => sum + cell.trim().split(/\s+/).length, 0);
  return words >= 3 * cells.length ? likely : "";
}

function offerColumns(form, { names }, label, text) {
  const others = names.filter((name) => name !== label);
  form.elements.label.replaceChildren(...names.map((name) => new Option(name, name, false, name === label)));
  form.elements.text.replaceChildren(
    new Option("All columns", ""),
    ...others.map((name) => new Option(name, name, false, name === text)),
  );
}

function fillBalance(preview, counts, { isWhole, rows }) {
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const more = sorted.length - SHOWN_LABELS;
  const where = isWhole ? "" : ` in the first ${rows.length.toLocaleString("en")} rows`;
  const what = `${sorted.length.toLocaleString("en")} ${sorted.length === 1 ? "label" : "labels"}${where}`;
  named(preview, "balance-title").textContent = more > 0 ? `${what}, the most frequent ${SHOWN_LABELS}` : what;
  named(preview, "balance").append(
    ...sorted.slice(0, SHOWN_LABELS).map(([label, count]) => {
      const bar = element("progress", { className: "progress progress-sm", max: sorted[0][1], value: count });
      bar.ariaLabel = `${((100 * count) / rows.length).toFixed(1)} %`;
      const head = element("th", { textContent: label, scope: "row" });
      return filled("tr", [head, element("td", { textContent: count.toLocaleString("en") }), filled("td", [bar])]);
    }),
  );
}

function fillRows(preview, { names, rows, isWhole }, labelPlace) {
  const shown = rows.slice(0, SHOWN_ROWS);
  const isAll = isWhole && shown.length === rows.length;
  named(preview, "rows-title").textContent = isAll ? `All ${shown.length} rows` : `The first ${shown.length} rows`;
  const mark = (cell, place) => (cell.classList.toggle("is-label", place === labelPlace), cell);
  const heads = names.map((name, place) => mark(element("th", { textContent: name, scope: "col" }), place));
  preview.querySelector(".preview thead").append(filled("tr", heads));
  preview.querySelector(".preview tbody").append(
    ...shown.map((row) => {
      const cells = row.map((cell) => element("td", { textContent: cell.slice(0, 300) }));
      return filled("tr", cells.map(mark));
    }),
  );
}

function tell(form, problems, severity) {
  const sentences = problems.slice(0, 5).map((sentence) => element("li", { textContent: sentence }));
  const list = filled("ul", sentences);
  list.className = `alert alert-${severity} problems`;
  part(form, "problems").replaceChildren(...(problems.length ? [list] : []));
}

function part(form, name) {
  return form.querySelector(`[data-${name}]`);
}

function named(fragment, name) {
  return fragment.querySelector(`[data-${name}]`);
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

function filled(name, children) {
  const parent = document.createElement(name);
  parent.append(...children);
  return parent;
}

// --- Sending ----------------------------------------------------------------------------------------------------

document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
  const bar = target.matches("[data-upload]") && target.querySelector(".drop-send progress");
  if (bar && detail.lengthComputable) {
    bar.hidden = false;
    bar.value = detail.loaded / detail.total;
  }
});

for (const type of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(type, ({ target }) => {
    if (target.matches("[data-upload]")) {
      target.querySelector(".drop-send progress").hidden = true;
      tell(target, ["The file did not arrive. Check the connection, and send it again."], "danger");
    }
  });
}

// When the answer is no form, for instance because the session has ended, the page is loaded to show what there is.
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target.matches("[data-upload]") && !detail.serverResponse.includes('id="upload"')) {
    detail.shouldSwap = false;
    location.reload();
  }
});
