// Reads the beginning of a file as the server will read the whole: CSV (RFC 4180) with its delimiter found, or JSONL.
// What comes out is {names, rows, problems}: cells are strings, problems are sentences. The server has the last word.

const DELIMITERS = [",", ";", "\t", "|"];
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

function readTable(bytes, isWhole) {
  const text = decode(bytes, isWhole);
  if (text.includes("\0") || text.startsWith("PK")) {
    return table([], [], ["This is not a text file. Save the sheet as CSV, and choose that."]);
  }
  if (!text.trim()) {
    return table([], [], ["The file is empty. Choose one with a header and rows."]);
  }
  const start = text.trimStart();
  if (start.startsWith("[")) {
    return table([], [], ["The file is a JSON list. Write one object a line, without the brackets around them."]);
  }
  return start.startsWith("{") ? readJsonLines(text, isWhole) : readDelimited(text, isWhole);
}

function table(names, rows, problems = []) {
  return { names, rows, problems };
}

function decode(bytes, isWhole) {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) {
    return new TextDecoder(bytes[0] === 0xff ? "utf-16le" : "utf-16be").decode(bytes, { stream: !isWhole });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !isWhole }); // A cut character may wait.
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function readJsonLines(text, isWhole) {
  const names = new Map(); // Of each key its place, in the order in which they first occur.
  const rows = [];
  const problems = [];
  const lines = text.split(/\r\n|\n|\r/);
  if (!isWhole) {
    lines.pop();
  }
  for (const [index, line] of lines.entries()) {
    if (line.trim()) {
      const record = parsed(line);
      if (record === null) {
        problems.push(`Line ${index + 1} is not a JSON object. Write one a line, without line breaks in it.`);
        continue;
      }
      const row = [];
      for (const [name, value] of Object.entries(record)) {
        names.has(name) || names.set(name, names.size);
        row[names.get(name)] = value === null ? "" : String(value);
      }
      rows.push(row);
    }
  }
  const full = rows.map((row) => Array.from(names.keys(), (_, place) => row[place] ?? ""));
  return table([...names.keys()], full, problems);
}

function parsed(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function readDelimited(text, isWhole) {
  const beginning = text.slice(0, 32768);
  const delimiter = DELIMITERS.map((each) => ({ each, ...evenness(split(beginning, each).records) })).sort(
    (a, b) => b.share - a.share || b.width - a.width,
  )[0].each;
  const { records, isOpen } = split(text, delimiter);
  if (!isWhole) {
    records.pop(); // It may have been cut.
  }
  const full = records.filter(({ cells }) => cells.length > 1 || cells[0].trim());
  const names = (full.shift()?.cells ?? []).map((name) => name.trim());
  const problems = headerProblems(names, full);
  const ragged = full.find(({ cells }) => cells.length !== names.length);
  if (ragged) {
    const differs = `(${ragged.cells.length}, not ${names.length})`;
    problems.push(
      `Row ${ragged.number} has another number of cells than the header ${differs}. Quote cells that hold the delimiter.`,
    );
  }
  if (isOpen && isWhole) {
    problems.push("A quote is opened and never closed. Close it, and write two for one within a quoted cell.");
  }
  return table(names, full.map(({ cells }) => cells), problems);
}

function evenness(records) {
  const width = records[0]?.cells.length ?? 0;
  const share = width > 1 ? records.filter(({ cells }) => cells.length === width).length / records.length : 0;
  return { share, width };
}

// Every record with its number; a quoted cell may hold delimiters, line breaks, and two quotes for one.
function split(text, delimiter) {
  const records = [];
  let cells = [];
  let cell = "";
  let isQuoted = false;
  const end = () => {
    cells.push(cell);
    records.push({ number: records.length + 1, cells });
    [cells, cell] = [[], ""];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isQuoted) {
      if (sign !== '"') {
        cell += sign;
      } else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else {
        isQuoted = false;
      }
    } else if (sign === '"' && cell === "") {
      isQuoted = true;
    } else if (sign === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (sign === "\n" || sign === "\r") {
      end();
      at += sign === "\r" && text[at + 1] === "\n" ? 1 : 0;
    } else {
      cell += sign;
    }
  }
  if (cell || cells.length) {
    end();
  }
  return { records, isOpen: isQuoted };
}

function headerProblems(names, records) {
  const nameless = names.findIndex((name) => !name);
  const twice = names.find((name, place) => name && names.indexOf(name) !== place);
  const isData = [names.length - 1, 0].some(
    (place) => names.length > 1 && records.filter(({ cells }) => cells[place] === names[place]).length > 1,
  );
  return [
    (names.every((name) => NUMBER.test(name)) || isData) &&
      "The first row looks like data, not like a header. Add a row above it that names the columns.",
    nameless >= 0 && `Column ${nameless + 1} has no name. Name every column in the header.`,
    twice && `Two columns are called “${twice}”. Rename one of them.`,
  ].filter(Boolean);
}
