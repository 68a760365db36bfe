/** So many segments that we got last tell who watches what we watch, about where we are. */
const TRAIL = 3

/** The segments with a deadline of which we got something last: where we are in the content. */
export class Trail {
  #segments: readonly number[] = []
  /** Of the segments that were asked about since it changed. */
  #beside = new Map<number, readonly number[]>()
  /** Changes with it. */
  version = 0

  /** Something of it is here. */
  step (segment: number): void {
    if (this.#segments[0] === segment) return
    this.#segments = [segment, ...this.#segments.filter(other => other !== segment)].slice(0, TRAIL + 1)
    this.#beside.clear()
    this.version++
  }

  /** Those beside this one. */
  beside (segment: number): readonly number[] {
    let beside = this.#beside.get(segment)
    if (beside === undefined) this.#beside.set(segment, beside = this.#segments.filter(other => other !== segment).slice(0, TRAIL))
    return beside
  }
}
