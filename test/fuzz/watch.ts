/** Counts what is allocated as bytes outside of the heap. Loaded before anything that allocates. */

let allocated = 0
const plain = Uint8Array

globalThis.Uint8Array = new Proxy(plain, {
  construct (target, args: unknown[], newTarget) {
    if (typeof args[0] === 'number') allocated += args[0]
    return Reflect.construct(target, args, newTarget === globalThis.Uint8Array ? target : newTarget) as object
  }
})

/** Bytes allocated since the last call. */
export function takeAllocated (): number {
  const taken = allocated
  allocated = 0
  return taken
}
