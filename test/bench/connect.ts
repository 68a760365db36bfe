/**
 * What a new connection costs: many nodes in one process connect, one after the other, to one in another, over TCP on loopback. Beside
 * Shoal run raw libp2p nodes that do nothing but identify each other, and such that run the same libp2p services.
 *
 * Every round runs all of them, in an order that moves on by one each round. Nodes are made before the clock starts; what they say to each
 * other in the seconds after they connected is counted.
 */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transfer, type Contender } from './support/contender.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { machine, median, print, progress } from './support/report.ts'
import { ownVersion } from './support/rivals.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const CONTENDERS: readonly Contender[] = [
  { name: 'shoal', script: at('connect/shoal.ts') },
  { name: 'raw_tls', script: at('connect/raw.ts'), options: { security: 'tls' } },
  { name: 'raw_noise', script: at('connect/raw.ts'), options: { security: 'noise' } },
  { name: 'services', script: at('connect/raw.ts'), options: { security: 'tls', services: 'all' } }
]
const NAMES = CONTENDERS.map(({ name }) => name)
const CONTENT_BYTES = 64 * 1024

const help = `usage: npm run -s bench -- connect [options]

  --connections N (default 30)
  --runs N        rounds (default 3)
  --only A,B      only these of ${NAMES.join(', ')}: for a closer look
  --profile END   seed (who is dialled) or fetch (who dial): that end writes a CPU profile into the working folder, and is slower for it
  --json          one JSON object as the last line of standard output, all else on standard error

Measured, medians: *_cpu_ms, CPU time of both ends together for each connection. shoal: each opens a content of its own, so a manifest is
fetched and a swarm joined; raw_tls and raw_noise: libp2p with yamux and identify alone; services: the libp2p services of Shoal beside it, as the
library sets them. ratio_* is shoal_cpu_ms over the other's.`

export const connect: Bench = {
  name: 'connect',
  summary: 'CPU time of a new connection at both ends: against raw libp2p nodes',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      connections: { type: 'string', default: '30' },
      runs: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false }
    })
    const connections = positive('connections', options.connections)
    const rounds = positive('runs', options.runs)
    const contenders = options.only === '' ? CONTENDERS : CONTENDERS.filter(({ name }) => options.only.split(',').includes(name))
    if (contenders.length === 0) throw new UsageError(`--only: expected some of ${NAMES.join(', ')}, got ${JSON.stringify(options.only)}`)
    const { profile } = options
    if (profile !== undefined && profile !== 'seed' && profile !== 'fetch') throw new UsageError(`--profile: expected seed or fetch, got ${JSON.stringify(profile)}`)
    build()

    const folder = await temporaryFolder()
    const source = await randomFile(join(folder, 'content.bin'), CONTENT_BYTES)
    const env = { ...machine(), connections, rounds, libp2p: await ownVersion('libp2p') }
    const runs: Record<string, number[]> = Object.fromEntries(contenders.map(({ name }) => [`${name}_cpu_ms`, []]))
    for (let turn = 0; turn < rounds; turn++) {
      for (let i = 0; i < contenders.length; i++) {
        const { options: own, ...contender } = contenders[(i + turn) % contenders.length] as Contender
        const counted = { ...contender, keepsNothing: true, options: { ...own, connections: String(connections) } }
        const { cpu } = await transfer(counted, source, join(folder, contender.name), profile)
        runs[`${contender.name}_cpu_ms`]?.push(cpu * 1000 / connections)
        progress(`round ${turn + 1} of ${rounds}: ${contender.name.padEnd(10)} ${(cpu * 1000 / connections).toFixed(1).padStart(6)} ms of CPU a connection`)
      }
    }
    const measured: Record<string, number> = Object.fromEntries(Object.entries(runs).map(([key, of]) => [key, median(of)]))
    for (const { name } of contenders) {
      if (name !== 'shoal' && 'shoal_cpu_ms' in measured) measured[`ratio_${name}`] = measured['shoal_cpu_ms'] / (measured[`${name}_cpu_ms`] ?? NaN)
    }
    print({ bench: 'connect', env: { ...env, load_1min_after: machine().load_1min }, measured, runs, targets: [] }, options.json)
  }
}
