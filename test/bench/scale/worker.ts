/** One size in a process of its own: `worker.ts JOB` (JSON) sends what it measured. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { announce, live, originOnly, plots, simulate, vod, type Report } from '@shoal/simulator'
import { progress } from '../support/report.ts'
import type { Job, Took } from './names.ts'

/** Of both streams, bytes per second. */
const PAYLOAD_BPS = 2.5e6 / 8

const { kind, peers, seconds, seed, whole, out, hints } = JSON.parse(process.argv[2] ?? '') as Job
const began = performance.now()

async function viewers (): Promise<Took> {
  const scenario = { ...(kind === 'live' ? live : vod)({ viewers: peers, seconds, seed }), hints }
  const report = await simulate(scenario, {
    onprogress (at, there) {
      progress(`${kind} ${peers}: ${Math.round(at)} of ${seconds} simulated s, ${there} viewers, ${wall().toFixed(0)} s`)
    }
  })
  const took = wall()
  const alone = await simulate(originOnly(scenario))
  if (out !== '') await draw(report)
  return {
    announce_bps_per_peer: report.announceBpsPerPeer,
    announce_share: report.announceShare,
    origin_copies: report.originCopies.mean,
    floor_copies: report.originFloor,
    offload: report.offload,
    offload_ceiling: report.offloadCeiling,
    afar_share: report.afar,
    stall_ratio: report.stallRatio,
    stall_ratio_origin_only: alone.stallRatio,
    first_peer_p50_s: report.firstPeer.p50,
    first_peer_p99_s: report.firstPeer.p99,
    control_bps_per_peer: report.controlBpsPerPeer,
    wall_s: took
  }
}

async function announcements (): Promise<Took> {
  const { bpsPerPeer, sizeEstimate, heard } = await announce({ seed, peers, seconds })
  return {
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
process.send?.({ ...took, rss_mb: process.resourceUsage().maxRSS / 1024 }, () => { process.exit() })
