/** A canvas that is as sharp as the screen and as large as its box. */
export class Surface {
  readonly context: CanvasRenderingContext2D
  width = 0
  height = 0
  readonly #canvas: HTMLCanvasElement

  constructor (canvas: HTMLCanvasElement, onresize: () => void) {
    this.#canvas = canvas
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('This browser has no 2D canvas: the pictures cannot be drawn')
    this.context = context
    new ResizeObserver(() => { this.#fit(); onresize() }).observe(canvas)
    this.#fit()
  }

  #fit (): void {
    const { width, height } = this.#canvas.getBoundingClientRect()
    const scale = devicePixelRatio
    this.width = width
    this.height = height
    this.#canvas.width = Math.round(width * scale)
    this.#canvas.height = Math.round(height * scale)
    this.context.setTransform(scale, 0, 0, scale, 0, 0)
  }
}

/** The colours of style.css, so that pictures and page never differ; they change with the user's taste for light or dark. */
export function colours<N extends string> (names: readonly N[], onchange: () => void): Record<N, string> {
  const read = (): Record<N, string> => {
    const style = getComputedStyle(document.documentElement)
    return Object.fromEntries(names.map(name => [name, style.getPropertyValue(`--${name}`).trim()])) as Record<N, string>
  }
  const all = read()
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => {
    Object.assign(all, read())
    onchange()
  })
  return all
}

export const FONT = '500 12px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Open Sans", sans-serif'
