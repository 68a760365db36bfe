/** One size in a process of its own: `worker.ts JOB` (JSON) sends what it measured. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { announce, live, originOnly, plots, simulate, vod, type Report } from '@shoal/simulator'
import { progress } from '../support/report.ts'
import type { Job, Took } from './names.ts'

/** Announcements alone: the others say nothing new after this. */
const ANNOUNCE_S = 120
/** Of both streams, bytes per second. */
const PAYLOAD_BPS = 2.5e6 / 8

const { kind, peers, seconds, seed, whole, out, hints } = JSON.parse(process.argv[2] ?? '') as Job
const began = performance.now()
/** KiB of the program itself. */
const idle = process.resourceUsage().maxRSS

async function viewers (): Promise<Took> {
  const scenario = { ...(kind === 'live' ? live : vod)({ viewers: peers, seconds, seed }), hints }
  const before = process.cpuUsage()
  const report = await simulate(scenario, {
    onprogress (at, there) {
      progress(`${kind} ${peers}: ${Math.round(at)} of ${seconds} simulated s, ${there} viewers, ${wall().toFixed(0)} s`)
    }
  })
  const took = wall()
  const { user, system } = process.cpuUsage(before)
  const rss = process.resourceUsage().maxRSS
  const watched = viewerSeconds(report)
  const alone = await simulate(originOnly(scenario))
  if (out !== '') await draw(report)
  return {
    ...seconds < ANNOUNCE_S
      ? {
          ...await announcements(),
          announce_bps_per_peer_arriving: report.announceBpsPerPeer,
          announce_share_arriving: report.announceShare
        }
      : { announce_bps_per_peer: report.announceBpsPerPeer, announce_share: report.announceShare },
    simulated_s: seconds,
    ...report.originCounted > 0 && { origin_copies: report.originCopies.mean, floor_copies: report.originFloor },
    offload: report.offload,
    offload_ceiling: report.offloadCeiling,
    afar_share: report.afar,
    stall_ratio: report.stallRatio,
    stall_ratio_origin_only: alone.stallRatio,
    first_peer_p50_s: report.firstPeer.p50,
    first_peer_p99_s: report.firstPeer.p99,
    control_bps_per_peer: report.controlBpsPerPeer,
    cpu_us_per_viewer_s: (user + system) / watched,
    wall_s: took,
    rss_mb: rss / 1024,
    rss_kb_per_viewer: (rss - idle) / peers
  }
}

/** How many viewers there were, second by second. */
function viewerSeconds ({ series }: Report): number {
  return series.reduce((sum, { at, viewers: there }, i) => sum + there * (at - (series[i - 1]?.at ?? 0)), 0)
}

async function announcements (): Promise<Took> {
  const { bpsPerPeer, sizeEstimate, heard } = await announce({ seed, peers, seconds: ANNOUNCE_S })
  return {
    simulated_s: ANNOUNCE_S,
    announce_bps_per_peer: bpsPerPeer,
    announce_share: bpsPerPeer / PAYLOAD_BPS,
    size_estimate: sizeEstimate.p50,
    peers_heard: heard.p50,
    wall_s: wall()
  }
}

async function draw (report: Report): Promise<void> {
  const folder = join(out, `${kind}-${peers}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'report.json'), JSON.stringify(report, undefined, 2))
  for (const [name, drawing] of Object.entries(plots(report))) await writeFile(join(folder, name), drawing)
}

function wall (): number {
  return (performance.now() - began) / 1000
}

const took = await (whole ? viewers() : announcements())
process.send?.({ rss_mb: process.resourceUsage().maxRSS / 1024, ...took }, () => { process.exit() })
