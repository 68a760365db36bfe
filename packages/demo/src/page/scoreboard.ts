import { megabytes, percent, short } from './format.js'
import type { ViewerReport } from '../reports.js'

/** Rows that are shown: as many from the start, so that nothing moves when viewers come. */
const ROWS = 5

export interface Score {
  readonly id: string
  readonly given: number
  readonly taken: number
  /** From viewers and the edge, of all. */
  readonly share: number
  /** Of what the best gave. */
  readonly of: number
}

/** Who gave most stands first; this viewer is always there. */
export function rank (viewers: readonly ViewerReport[], me: string): Score[] {
  const most = Math.max(1, ...viewers.map(({ given }) => given))
  const scores = viewers.map(({ id, given, fromViewers, fromNode, fromOrigin }) => {
    const taken = fromViewers + fromNode + fromOrigin
    return { id, given, taken, share: taken === 0 ? 0 : (fromViewers + fromNode) / taken, of: given / most }
  }).sort((a, b) => b.given - a.given || (a.id < b.id ? -1 : 1))
  const shown = scores.slice(0, ROWS)
  const own = scores.find(({ id }) => id === me)
  if (own !== undefined && !shown.includes(own)) shown[ROWS - 1] = own
  return shown
}

export function createScoreboard (body: HTMLElement): (viewers: readonly ViewerReport[], me: string) => void {
  const rows = Array.from({ length: ROWS }, () => {
    const row = document.createElement('tr')
    row.append(Object.assign(document.createElement('th'), { scope: 'row' }), ...Array.from({ length: 3 }, () => document.createElement('td')))
    return row
  })
  body.replaceChildren(...rows)
  return (viewers, me) => {
    const scores = rank(viewers, me)
    for (const [n, row] of rows.entries()) {
      const score = scores[n]
      const texts = score === undefined
        ? ['', '', '', '']
        : [score.id === me ? `You · ${short(me)}` : short(score.id), megabytes(score.given), megabytes(score.taken), percent(score.share)]
      for (const [k, cell] of [...row.children].entries()) cell.textContent = texts[k] ?? ''
      row.classList.toggle('mine', score?.id === me && me !== '')
      row.classList.toggle('empty', score === undefined)
      row.style.setProperty('--of', `${100 * (score?.of ?? 0)}%`)
    }
  }
}
