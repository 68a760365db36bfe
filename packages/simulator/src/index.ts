export { simulate, type SimulateOptions } from './simulate.js'
export type * from './types.js'
