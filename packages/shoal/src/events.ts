import type { Emit } from '@shoal/engine'
import type { ContentEvents } from '@shoal/interface'
import type { TypedEventTarget } from 'main-event'

/** Dispatches by name on each target that exists by then. */
export function emitter (targets: () => Iterable<Pick<TypedEventTarget<ContentEvents>, 'dispatchEvent'>>): Emit {
  return (name, detail) => {
    for (const target of targets()) target.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
