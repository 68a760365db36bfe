/** Lines over time, or over the size of swarms. */
export interface Chart {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly lines: readonly { readonly name: string, readonly points: readonly (readonly [x: number, y: number])[] }[]
  /** Sizes from hundreds to hundred thousands. @default false */
  readonly logX?: boolean | undefined
}

const WIDTH = 720
const HEIGHT = 360
const LEFT = 80
const RIGHT = 20
const TOP = 44
const BOTTOM = 52
const TICKS = 5
/** Told apart by people who see few colours (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00']

/** Draws a chart: SVG, no script and no font of its own. */
export function svg ({ title, x, y, lines, logX = false }: Chart): string {
  const all = lines.flatMap(({ points }) => points)
  const place = logX ? Math.log10 : (value: number): number => value
  const xs = all.map(([at]) => place(at))
  const [x0, x1] = span(xs)
  const top = nice(Math.max(0, ...all.map(([, value]) => value)))
  const px = (value: number): number => LEFT + (place(value) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
  const py = (value: number): number => HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)
  const ticks = Array.from({ length: TICKS + 1 }, (_, i) => i / TICKS)
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 18, title, 'middle', 14),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x, 'middle'),
    `<text transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escape(y)}</text>`,
    ...ticks.flatMap(share => [
      `<path d="M${LEFT} ${at(py(share * top))}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text(LEFT - 6, py(share * top) + 4, label(share * top), 'end'),
      text(LEFT + share * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM + 18, label(logX ? 10 ** (x0 + share * (x1 - x0)) : x0 + share * (x1 - x0)), 'middle')
    ]),
    ...lines.flatMap(({ name, points }, i) => {
      const colour = COLOURS[i % COLOURS.length] as string
      const path = points.map(([from, value], n) => `${n === 0 ? 'M' : 'L'}${at(px(from))} ${at(py(value))}`).join('')
      return [
        `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.length <= 12 ? points.map(([from, value]) => `<circle cx="${at(px(from))}" cy="${at(py(value))}" r="3" fill="${colour}"/>`) : [],
        `<text x="${LEFT + 8 + i * 150}" y="34" fill="${colour}">${escape(name)}</text>`
      ]
    }),
    '</svg>'
  ]
  return `${out.join('\n')}\n`
}

function span (values: readonly number[]): [number, number] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  if (values.length === 0) return [0, 1]
  return high > low ? [low, high] : [low - 1, high + 1]
}

/** The next of 1, 2 and 5 times a power of ten. */
function nice (value: number): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find(step => step * power >= value) as number) * power
}

function label (value: number): string {
  const size = Math.abs(value)
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(3))} G`
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`
  return String(Number(value.toPrecision(3)))
}

function text (x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', size = 12): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" font-size="${size}">${escape(content)}</text>`
}

function at (value: number): string {
  return String(Math.round(value * 10) / 10)
}

function escape (content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
