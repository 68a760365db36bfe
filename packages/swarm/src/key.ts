import { RUN_BLOCKS } from './defaults.js'

/** A block in the flat index: its slot's number times 8, plus its bit. */
export const keyOf = (slot: number, bit: number): number => slot * RUN_BLOCKS + bit
export const slotOf = (key: number): number => key >>> 3
export const bitOf = (key: number): number => key & 7
