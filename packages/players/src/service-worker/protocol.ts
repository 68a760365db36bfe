/**
 * What a page and its service worker say to each other. The page gives the worker a port; over it the worker asks, and takes bytes a piece
 * at a time, as `Questions` and `Replies` of `@shoal/base` do.
 */

import type { ByteRange } from '../core/range.js'

/** A page that says nothing for this long is not waited for: the network answers. */
export const SILENCE_MS = 150

/** A page that has said that it looks after a request is given this long to begin. Its own patience is shorter. */
export const BEGIN_MS = 5_000

/** And this long for the next piece. */
export const PIECE_MS = 10_000

/** Pieces that may wait in the worker, of at most 256 KiB each. */
export const PIECES_AHEAD = 2

/** Of what the network gave, this much of one answer is passed on to the page: the page keeps 16 MiB in all until its content is open. */
export const PASSED_ON_BYTES_MAX = 4 * 2 ** 20

/** Key of all messages outside of a port. */
export const MARK = 'shoal:service-worker'

/** Page to worker, with a port: requests below these URLs may be asked for. */
export interface Serve { readonly [MARK]: 'serve', readonly bases: readonly string[] }

/** Worker to page: does somebody serve here? Asked by a worker that was stopped and started again. */
export interface Who { readonly [MARK]: 'who' }

export type ToPage =
  /** `last`: the network has failed. */
  | { readonly type: 'ask', readonly id: number, readonly url: string, readonly range: ByteRange | undefined, readonly last: boolean }
  | { readonly type: 'pull', readonly id: number }
  | { readonly type: 'cancel', readonly id: number }
  /** The network gave this, from `start` of the file on. */
  | { readonly type: 'got', readonly url: string, readonly start: number, readonly bytes: ArrayBuffer }

export type ToWorker =
  /** The request is looked after. */
  | { readonly type: 'wait', readonly id: number }
  /** The network should answer. */
  | { readonly type: 'pass', readonly id: number }
  | { readonly type: 'head', readonly id: number, readonly status: number, readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'piece', readonly id: number, readonly bytes: ArrayBuffer }
  | { readonly type: 'end', readonly id: number }
  /** What was begun cannot be gone on with here. */
  | { readonly type: 'broken', readonly id: number, readonly reason: string }
