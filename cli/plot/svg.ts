/** Pictures as SVG: panels with axes, lines, bars and a legend, in text that any browser draws. docs/simulator.md#network-of-listeners */

/** Colours that are told apart also by who sees few. */
const palette = ['#0b6e99', '#d9730d', '#4d8c57', '#9b3f7c', '#6b6b6b'] as const;
const ink = '#1f2430';
const faint = '#e3e6ea';
const muted = '#667080';

/** A line or a row of bars over numbers on the x axis. */
export interface Series {
  readonly name: string;
  readonly kind: 'line' | 'bars' | 'dashed';
  readonly points: readonly (readonly [number, number])[];
}

/** One diagram. */
export interface Panel {
  readonly title: string;
  /** With the unit. */
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Names below the bars, in place of numbers. */
  readonly categories?: readonly string[];
  readonly yMax?: number;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character]!);
const round = (value: number): string => String(Math.round(value * 100) / 100);

function text(x: number, y: number, size: number, content: string, more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" ${more}>${escaped(content)}</text>`;
}

/** Round numbers up to one that is at least `max`, about five. */
function ticksTo(max: number): number[] {
  if (max <= 0) return [0, 1];
  let unit = 1;
  while (unit * 10 <= max / 4) unit *= 10;
  while (unit > max / 4) unit /= 10;
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * unit >= max / 4)! * unit;
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

function tickText(value: number): string {
  return Math.abs(value) >= 10_000 ? `${round(value / 1000)}k` : String(Number(value.toPrecision(3)));
}

const margin = { left: 64, right: 18, top: 44, bottom: 54 };

/** One panel at a place of the picture. */
function panelAt(panel: Panel, left: number, top: number, width: number, height: number): string {
  const { series, categories } = panel;
  const points = series.flatMap((one) => one.points);
  const yTicks = ticksTo(panel.yMax ?? Math.max(...points.map(([, y]) => y), 0));
  const xTicks = ticksTo(Math.max(...points.map(([x]) => x), 0));
  const xMax = categories === undefined ? xTicks.at(-1)! : categories.length;
  const [x0, y0] = [left + margin.left, top + height - margin.bottom];
  const [wide, high] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
  const xOf = (x: number): number => x0 + (x / xMax) * wide;
  const yOf = (y: number): number => y0 - (y / yTicks.at(-1)!) * high;
  const parts = [text(left + margin.left, top + 18, 15, panel.title, `font-weight="600" fill="${ink}"`)];
  for (const tick of yTicks) {
    const y = yOf(tick);
    parts.push(`<line x1="${x0}" x2="${round(x0 + wide)}" y1="${round(y)}" y2="${round(y)}" stroke="${faint}"/>`);
    parts.push(text(x0 - 8, y + 4, 11, tickText(tick), `text-anchor="end" fill="${muted}"`));
  }
  if (categories === undefined) {
    for (const tick of xTicks)
      parts.push(text(xOf(tick), y0 + 18, 11, tickText(tick), `text-anchor="middle" fill="${muted}"`));
  } else {
    categories.forEach((name, index) =>
      parts.push(text(xOf(index + 0.5), y0 + 18, 11, name, `text-anchor="middle" fill="${muted}"`)),
    );
  }
  const bars = series.filter(({ kind }) => kind === 'bars');
  series.forEach((one, index) => {
    const colour = palette[index % palette.length]!;
    if (one.kind === 'bars') parts.push(...barsOf(one, colour, bars.indexOf(one), bars.length));
    else {
      const dashes = one.kind === 'dashed' ? ' stroke-dasharray="6 4"' : '';
      const path = one.points.map(([x, y]) => `${round(xOf(x))},${round(yOf(y))}`).join(' ');
      parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`);
    }
  });
  function barsOf({ points: tops }: Series, colour: string, which: number, of: number): string[] {
    const slot = categories === undefined ? wide / Math.max(1, tops.length) : wide / categories.length;
    const bar = (slot * (categories === undefined ? 0.9 : 0.7)) / of;
    return tops.map(([x, y]) => {
      const middle = categories === undefined ? xOf(x) : xOf(x + 0.5);
      const at = middle - (bar * of) / 2 + which * bar;
      const label =
        categories === undefined
          ? ''
          : text(at + bar / 2, yOf(y) - 5, 10, String(Number(y.toPrecision(2))), `text-anchor="middle" fill="${ink}"`);
      return `<rect x="${round(at)}" y="${round(yOf(y))}" width="${round(bar)}" height="${round(y0 - yOf(y))}" fill="${colour}" fill-opacity="0.85"/>${label}`;
    });
  }
  parts.push(`<path d="M${x0} ${top + margin.top} V${y0} H${round(x0 + wide)}" fill="none" stroke="${ink}"/>`);
  parts.push(text(x0 + wide / 2, y0 + 38, 12, panel.x, `text-anchor="middle" fill="${ink}"`));
  const middle = y0 - high / 2;
  parts.push(
    text(
      left + 16,
      middle,
      12,
      panel.y,
      `text-anchor="middle" fill="${ink}" transform="rotate(-90 ${left + 16} ${round(middle)})"`,
    ),
  );
  parts.push(...legendOf(series, x0, top + 34));
  return parts.join('\n');
}

function legendOf(series: readonly Series[], left: number, y: number): string[] {
  let x = left;
  return series.flatMap(({ name }, index) => {
    const mark = `<rect x="${round(x)}" y="${y - 8}" width="12" height="8" fill="${palette[index % palette.length]!}"/>`;
    const label = text(x + 17, y, 11, name, `fill="${muted}"`);
    x += 35 + 6.1 * name.length;
    return [mark, label];
  });
}

const panelWidth = 520;
const panelHeight = 320;
const headHeight = 58;

/** A picture of panels, two in a row, under a title and a line of what it shows. */
export function renderPlot(title: string, subtitle: string, panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / 2);
  const [width, height] = [2 * panelWidth + 20, headHeight + rows * panelHeight + 10];
  const drawn = panels.map((panel, index) =>
    panelAt(
      panel,
      10 + (index % 2) * panelWidth,
      headHeight + Math.floor(index / 2) * panelHeight,
      panelWidth,
      panelHeight,
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif">
<rect width="100%" height="100%" fill="#ffffff"/>
${text(24, 30, 19, title, `font-weight="700" fill="${ink}"`)}
${text(24, 50, 12, subtitle, `fill="${muted}"`)}
${drawn.join('\n')}
</svg>
`;
}
