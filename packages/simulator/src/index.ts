/**
 * A swarm on virtual machines: the real engine, picker, choker, ledger, announcements and elections of each viewer, on virtual time and a
 * virtual network. The same scenario with the same seed gives the same report on every machine. Beside it what a capacity plan needs.
 * What is modelled and what is not: `doc/simulator.md`. Node.js only.
 *
 * ```ts
 * const report = await simulate(live({ viewers: 50, seconds: 120 }))
 * report.offload                 // beside report.offloadCeiling
 * plots(report)['offload.svg']   // over time
 * plan({ viewers: 1e5, bitrate: 2.5e6, audience, efficiency: report.offload / report.offloadCeiling }).fallback
 * ```
 *
 * @packageDocumentation
 */

export { simulate, type SimulateOptions } from './simulate.js'
export { announce, type AnnounceInit, type AnnounceReport } from './announce.js'
export { freeride, live, lowLatency, MEASURED_STAY, originOnly, swarm, vod } from './scenarios.js'
export { fluidBound } from './bound.js'
export { plan, type Plan, type PlanInit } from './plan.js'
export { plots } from './plots.js'
export { svg, type Chart } from './svg.js'
export type {
  Arrivals, Audience, FileContent, FilmContent, LiveContent, Nat, OriginScenario, Point, Quantiles, Report, Scenario, Stay
} from './types.js'
