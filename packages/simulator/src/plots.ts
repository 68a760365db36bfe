import { svg } from './svg.js'
import type { Report } from './types.js'

/** What a report shows over time, as SVG by file name. */
export function plots ({ scenario, seed, series }: Report): Record<string, string> {
  const title = (what: string): string => `${scenario}, seed ${seed}: ${what}`
  const over = (value: (point: Report['series'][number]) => number): [number, number][] => series.map(point => [point.at, value(point)])
  const x = 'simulated seconds'
  return {
    'viewers.svg': svg({ title: title('viewers'), x, y: 'viewers', lines: [{ name: 'viewers', points: over(({ viewers }) => viewers) }] }),
    'sources.svg': svg({
      title: title('where bytes come from'),
      x,
      y: 'bytes per second',
      lines: [
        { name: 'from peers', points: over(({ fromPeersBps }) => fromPeersBps) },
        { name: 'from the origin', points: over(({ fromOriginBps }) => fromOriginBps) }
      ]
    }),
    'offload.svg': svg({
      title: title('offload and stalls'),
      x,
      y: 'share',
      lines: [
        { name: 'offload', points: over(({ offload }) => offload) },
        { name: 'stalled time', points: over(({ stallRatio }) => stallRatio) }
      ]
    }),
    'overhead.svg': svg({
      title: title('what is not payload'),
      x,
      y: 'bytes per second and peer',
      lines: [
        { name: 'announcements', points: over(({ announceBpsPerPeer }) => announceBpsPerPeer) },
        { name: 'control', points: over(({ controlBpsPerPeer }) => controlBpsPerPeer) }
      ]
    })
  }
}
