import type { Content } from '@shoal/interface'
import { REPORT_INTERVAL_MS } from '../defaults.js'
import { plural } from '../format.js'
import type { Context } from '../types.js'

/** Shows how the seeding of a content goes until the user stops it. */
export async function seedUntilStopped ({ signal, log, progress }: Context, content: Content): Promise<void> {
  log('Seeding; press Ctrl-C to stop.')
  const timer = setInterval(() => {
    const { uploaded, connected } = content.stats
    progress({ doing: `seeding ${content.summary.name}`, done: uploaded, notes: [plural(connected, 'peer')] })
  }, REPORT_INTERVAL_MS)
  await stopped(signal)
  clearInterval(timer)
  progress(undefined)
}

/** Resolves when the signal is aborted. */
export async function stopped (signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
}
