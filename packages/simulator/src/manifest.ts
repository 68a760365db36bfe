import type { OpenedManifest } from '@shoal/content'
import { NotFoundError, type BlockRef, type ManifestSummary, type Policy, type Segment, type VerifiedBlock } from '@shoal/interface'
import type { Material, Piece } from './material.js'

const NO_POLICY: Policy = {}

/** Which segments there are now: `first` to `end` (exclusive). */
export interface Span { readonly first: number, readonly end: number }

/** A world's content as one peer knows it: all of it, or a live window that moves with the heads that this peer has heard. */
export class VirtualManifest implements OpenedManifest {
  readonly policy = NO_POLICY
  readonly envelope = new Uint8Array(0)
  readonly pageRefs: readonly BlockRef[] = []
  readonly origins: readonly string[] = []
  readonly createdAt = 0
  readonly root: VerifiedBlock
  readonly #material: Material
  readonly #live: boolean
  #span: Span
  /** Of the window as it is: asked for with every decision. */
  #summary: ManifestSummary | undefined

  constructor (material: Material, span: Span, live: boolean) {
    this.#material = material
    this.#live = live
    this.#span = span
    this.root = (material.pieces[0] as Piece).blocks[0] as VerifiedBlock
  }

  get span (): Span {
    return this.#span
  }

  set span (span: Span) {
    this.#span = span
    this.#summary = undefined
  }

  get summary (): ManifestSummary {
    return this.#summary ??= this.#summarise()
  }

  #summarise (): ManifestSummary {
    const { first, end } = this.#span
    const segments = end - first
    const { size, blocks } = (this.#material.pieces[0] as Piece).segment
    return {
      cid: 'virtual', publisher: PUBLISHER, name: 'virtual', kind: 'directory', root: '', pages: 0,
      segments, blocks: segments * blocks, bytes: segments * size,
      ...this.#live && { live: { epoch: 1, counter: end, ended: false, target: 6 } }
    }
  }

  async find (path: string): Promise<Segment> {
    const piece = this.#material.piece(path)
    if (piece === undefined || this.peek(piece.segment.index) === undefined) throw new NotFoundError(`no segment ${path}`)
    return piece.segment
  }

  async * segments (): AsyncGenerator<Segment> {
    for (let index = this.#span.first; index < this.#span.end; index++) yield this.#piece(index).segment
  }

  async segment (index: number): Promise<Segment> {
    return this.#piece(index).segment
  }

  block (segment: number, block: number): BlockRef {
    const ref = this.#piece(segment).refs[block]
    if (ref === undefined) throw new NotFoundError(`no block ${block} in segment ${segment}`)
    return ref
  }

  pagesOf (): readonly BlockRef[] {
    return []
  }

  peek (index: number): Segment | undefined {
    return index >= this.#span.first && index < this.#span.end ? this.#material.pieces[index]?.segment : undefined
  }

  #piece (index: number): Piece {
    const piece = this.#material.pieces[index]
    if (piece === undefined || index < this.#span.first || index >= this.#span.end) throw new NotFoundError(`no segment ${index} now`)
    return piece
  }
}

/** The node that gives out manifests and heads. */
export const PUBLISHER = 'publisher'
