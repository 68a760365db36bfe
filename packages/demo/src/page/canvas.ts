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

/** The colours of style.css, so that pictures and page never differ. */
export function colour (name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

export const FONT = '500 12px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Open Sans", sans-serif'
