import { MAX_NAME_BYTES, MAX_PATH_BYTES } from './limits.js'

const encoder = new TextEncoder()

/** What is wrong with a segment's path, or `undefined` when it is good: relative, `/`-separated, and safe to join to a folder's name. */
export function pathFault (path: string): string | undefined {
  if (path === '') return 'is empty'
  if (!path.isWellFormed()) return 'is not valid Unicode'
  if (path.startsWith('/')) return 'is absolute'
  if (encoder.encode(path).byteLength > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`
  for (const part of path.split('/')) {
    const fault = nameFault(part)
    if (fault !== undefined) return `has a part that ${fault}`
  }
  return undefined
}

/** What is wrong with a content's name or one part of a path, or `undefined` when it is good. */
export function nameFault (name: string): string | undefined {
  if (name === '') return 'is empty'
  if (!name.isWellFormed()) return 'is not valid Unicode'
  if (name === '.' || name === '..') return `is "${name}"`
  if (name.includes('\0')) return 'has a NUL'
  if (name.includes('\\')) return 'has a backslash'
  if (name.includes('/')) return 'has a slash'
  if (encoder.encode(name).byteLength > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`
  return undefined
}

/** Order of the UTF-8 bytes, which is the order of the code points, without encoding either. */
export function comparePaths (a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

// surrogates stand for code points beyond U+FFFF but sort before U+E000 as UTF-16 units
function codePointRank (unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit
}
