// Draws the charts of a page. Their numbers lie beside them as JSON, and once more in a table below. The library is
// large, so it is loaded when the first chart comes near the window.

const COLOURS = ["primary", "orange", "teal", "purple", "red", "azure", "green", "secondary"];
const NEAR = "200px";
const still = matchMedia("(prefers-reduced-motion: reduce)");
const drawn = new Set();
let library = null;

function loaded(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => resolve(window.echarts));
    script.addEventListener("error", () => reject(new Error(`${address} could not be loaded.`)));
    document.head.append(script);
  });
  return library;
}

// The style names colours in ways that a canvas library does not read; a pixel of them is read by all.
const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--tblr-${name})`;
  document.body.append(probe);
  pixel.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  pixel.fillRect(0, 0, 1, 1);
  return `rgb(${[...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3).join(", ")})`;
}

const asPercent = (value, digits = 1) => `${(value * 100).toFixed(digits)} %`;
const asCount = (value) => value.toLocaleString("en-GB");

// An axis of shares ends at whole steps around what there is to see, so that small differences show.
function shares(chart) {
  const seen = chart.series.flatMap(({ data, low = [], high = [] }) => [...data, ...low, ...high]);
  const [least, most] = [Math.min(...seen), Math.max(...seen)];
  const steps = most - least > 0.6 ? 5 : most - least > 0.3 ? 10 : 20;
  const min = Math.max(0, Math.floor(least * steps - 0.01)) / steps;
  return { min, max: Math.min(steps, Math.ceil(most * steps + 0.01)) / steps, interval: 1 / steps };
}

function said(chart, place) {
  const show = chart.unit === "percent" ? asPercent : asCount;
  const lines = chart.series
    .filter((series) => series.data[place] !== null && (chart.kind !== "bars" || series.data[place]))
    .map((series) => {
      const between = series.low ? ` (${show(series.low[place])} to ${show(series.high[place])})` : "";
      return `${series.name}: ${show(series.data[place])}${between}`;
    });
  return [`${chart.over ?? ""} ${chart.x[place]}`.trim(), ...(lines.length ? lines : ["0"])].join("\n");
}

function line(series, shade) {
  const style = { color: shade, width: 2, type: series.dashed ? "dashed" : "solid" };
  const shown = { name: series.name, type: "line", data: series.data, lineStyle: style, itemStyle: { color: shade } };
  const symbol = { symbol: series.dashed ? "none" : "circle", symbolSize: 7 };
  return [{ ...shown, ...symbol, z: 3 }, ...(series.low ? band(series, shade) : [])];
}

// The space between two lines is an area that stands on an invisible line.
function band(series, shade) {
  const hidden = { type: "line", stack: `around ${series.name}`, symbol: "none", silent: true, lineStyle: { opacity: 0 } };
  const width = series.high.map((high, place) => high - series.low[place]);
  return [{ ...hidden, data: series.low }, { ...hidden, data: width, areaStyle: { color: shade, opacity: 0.16 } }];
}

function bar(series, shade) {
  return [{ name: series.name, type: "bar", stack: "all", data: series.data, itemStyle: { color: shade }, barMaxWidth: 40 }];
}

function options(chart, title) {
  const [text, muted, edge, surface] = ["body-color", "secondary", "border-color", "bg-surface"].map(colour);
  const make = chart.kind === "bars" ? bar : line;
  const isShare = chart.unit === "percent";
  const { fontFamily } = getComputedStyle(document.body);
  return {
    animation: !still.matches,
    animationDuration: 300,
    aria: { enabled: true, label: { description: `${title}. The table below has the numbers.` } },
    textStyle: { fontFamily },
    grid: { left: 4, right: 28, top: chart.series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
    legend: {
      show: chart.series.length > 1,
      type: "scroll",
      left: 0,
      top: 0,
      data: chart.series.map((series) => series.name),
      textStyle: { color: text },
      pageTextStyle: { color: text },
      pageIconColor: text,
    },
    tooltip: {
      trigger: "axis",
      renderMode: "richText", // The other mode writes styles into the page, which the content policy refuses.
      confine: true,
      backgroundColor: surface,
      borderColor: edge,
      textStyle: { color: text, fontFamily },
      formatter: (points) => said(chart, points[0].dataIndex),
    },
    xAxis: {
      type: "category",
      data: chart.x,
      boundaryGap: chart.kind === "bars" || chart.x.length < 3,
      axisLine: { lineStyle: { color: edge } },
      axisTick: { show: false },
      axisLabel: { color: muted },
    },
    yAxis: {
      type: "value",
      ...(isShare ? shares(chart) : { minInterval: 1 }),
      splitLine: { lineStyle: { color: edge } },
      axisLabel: { color: muted, formatter: (value) => (isShare ? asPercent(value, 0) : asCount(value)) },
    },
    series: chart.series.flatMap((series, place) =>
      make(series, colour(series.dashed ? "secondary" : COLOURS[place % COLOURS.length])),
    ),
  };
}

function draw(place) {
  const chart = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const canvas = window.echarts.getInstanceByDom(place) ?? window.echarts.init(place, null, { renderer: "canvas" });
  const title = place.closest("figure").querySelector("figcaption").textContent;
  canvas.setOption(options(chart, title), true);
}

const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    window.echarts.getInstanceByDom(target)?.resize();
  }
});

const near = new IntersectionObserver(async (changes) => {
  for (const { target } of changes.filter((change) => change.isIntersecting)) {
    near.unobserve(target);
    await loaded(target.dataset.library);
    draw(target);
    drawn.add(target);
    sizes.observe(target);
  }
}, { rootMargin: NEAR });

function watch(part) {
  part.querySelectorAll("[data-chart]").forEach((place) => drawn.has(place) || near.observe(place));
}

// Light and dark are an attribute of the page, which theme.js sets.
new MutationObserver(() => drawn.forEach(draw)).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
watch(document);
