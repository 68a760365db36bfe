import { minutes, percent } from './format.js'
import { KINDS, NAMES, sum, type Cell, type Model } from './model.js'

/** What stands below the cells: times from the start, how far behind the newest, or nothing. */
export type Scale = 'times' | 'behind' | 'none'

/** One cell per segment, filled by the mix of its sources; a line marks the playhead. */
export function createStrip (element: HTMLElement, scale: Scale): (model: Model) => void {
  const row = document.createElement('div')
  row.className = 'cells'
  const head = document.createElement('div')
  head.className = 'head'
  const times = document.createElement('div')
  times.className = 'times'
  element.append(row, times, head)
  let cells: HTMLElement[] = []
  head.hidden = scale === 'none'

  function build (model: Model): void {
    cells = model.cells.map(() => {
      const box = document.createElement('div')
      box.className = 'cell'
      box.append(...KINDS.map(kind => Object.assign(document.createElement('i'), { className: kind })))
      return box
    })
    const end = lengthOf(model)
    const step = [10, 20, 30, 60, 120, 300, 600, 1200].find(seconds => end / seconds <= 8) ?? 3600
    times.replaceChildren(...Array.from({ length: scale === 'none' ? 0 : Math.ceil(end / step) }, (_, n) => {
      const label = document.createElement('span')
      label.textContent = scale === 'times' ? minutes(n * step) : n === 0 ? 'now' : `− ${minutes(n * step)}`
      // what is newest stands at the right
      label.style[scale === 'times' ? 'left' : 'right'] = `${100 * n * step / end}%`
      return label
    }))
    row.replaceChildren(...cells)
  }

  return model => {
    if (cells.length !== model.cells.length) build(model)
    let done = 0
    for (const [n, cell] of model.cells.entries()) {
      const box = cells[n] as HTMLElement
      const all = sum(cell.mix)
      if (all > 0) done++
      for (const [k, kind] of KINDS.entries()) (box.children[k] as HTMLElement).style.height = all === 0 ? '0' : `${100 * cell.mix[kind] / all}%`
      box.classList.toggle('here', all > 0)
      box.classList.toggle('now', model.playhead >= cell.start && model.playhead < cell.start + cell.duration)
      box.title = scale === 'times' ? describe(cell, all) : `${cell.path}: ${mixOf(cell, all)}`
    }
    const end = lengthOf(model)
    head.style.left = end === 0 ? '0' : `${Math.max(0, Math.min(100, 100 * (model.playhead - (model.cells[0]?.start ?? 0)) / end))}%`
    const total = sum(model.total)
    element.setAttribute('aria-label', `${done} of ${model.cells.length} segments are here; ` +
      `${percent(total === 0 ? 0 : (model.total.viewers + model.total.node) / total)} of their bytes came from peers`)
  }
}

/** Seconds from the first to the last. */
function lengthOf ({ cells }: Model): number {
  const last = cells.at(-1)
  return last === undefined ? 0 : last.start + last.duration - (cells[0]?.start ?? 0)
}

function describe (cell: Cell, all: number): string {
  return `${minutes(cell.start)} to ${minutes(cell.start + cell.duration)}: ${mixOf(cell, all)}`
}

function mixOf (cell: Cell, all: number): string {
  if (all === 0) return 'still to come'
  return KINDS.filter(kind => cell.mix[kind] > 0).map(kind => `${percent(cell.mix[kind] / all)} from ${NAMES[kind]}`).join(', ')
}
