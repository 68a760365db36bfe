/**
 * What announcements cost a peer in swarms of any size, how well each knows the size of its swarm, and what nodes say that do nothing.
 *
 * Swarms are modelled with the real announcers on a clock of their own; what one announcement costs on the wire is measured between real
 * gossipsub nodes; idle nodes are whole ones over loopback. Each part runs in a process of its own.
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Idle } from './announce/idle.ts'
import type { Modelled } from './announce/model.ts'
import type { Wired } from './announce/wire.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { readOptions, UsageError, type Bench } from './support/usage.ts'

const SIZES = [100, 500, 100_000]
const PARTS = ['model', 'wire', 'idle']

const TARGETS: Readonly<Record<string, readonly Target[]>> = {
  model: [
    // a steady rate at any size: none further than a fifth from the middle one
    { key: 'spread', op: '<=', want: 0.2 },
    ...SIZES.map((size): Target => ({ key: `peers_${size}_off_share`, op: '<=', want: 0.01 }))
  ],
  wire: [{ key: 'copies', op: '<=', want: 4 }],
  idle: [{ key: 'idle_bps', op: '<=', want: 1000 }]
}

const help = `usage: npm run -s bench -- announce [options]

  --only PART    one of ${PARTS.join(', ')}
  --json         one JSON object as the last line of standard output, all else on standard error

Measured: peers_N_bps, bytes of announcements that each of N peers hears a second, copies and envelopes included (100000: what one of them
hears); peers_N_least and _most, the smallest and the largest estimate of the swarm's size over its size; peers_N_off_share, the share of
peers that are off by more than 30 %; spread, how far one size's rate is from the middle one at most. copies: all that gossipsub brings
over the announcements among it. idle_bps: bytes that an idle node receives a second, with idle_sockets open.`

async function part<T> (name: string, ...args: (number | string)[]): Promise<T> {
  const child = fork(fileURLToPath(new URL(`announce/${name}.ts`, import.meta.url)), args.map(String), {
    execArgv: ['--disable-warning=ExperimentalWarning']
  })
  return await new Promise((resolve, reject) => {
    let told: T | undefined
    child.once('message', message => { told = message as T })
    child.once('error', reject)
    child.once('exit', code => {
      if (told === undefined) reject(new Error(`${name} ${args.join(' ')} ended with ${code} and said nothing`))
      else resolve(told)
    })
  })
}

export const announce: Bench = {
  name: 'announce',
  summary: 'what announcements cost in swarms of any size, and what idle nodes say',
  help,

  async run (args, build) {
    const options = readOptions(args, { only: { type: 'string', default: '' }, json: { type: 'boolean', default: false } })
    const { only, json } = options
    const parts = PARTS.filter(name => only === '' || only === name)
    if (parts.length === 0) throw new UsageError(`--only: there is no ${JSON.stringify(only)} among ${PARTS.join(', ')}`)
    build()
    const measured: Record<string, number> = {}
    if (parts.includes('model')) {
      const rates: number[] = []
      for (const size of SIZES) {
        progress(`a swarm of ${size}`)
        const { bps, least, most, off, depth } = await part<Modelled>('model', size)
        rates.push(bps)
        Object.assign(measured, {
          [`peers_${size}_bps`]: bps, [`peers_${size}_least`]: least, [`peers_${size}_most`]: most, [`peers_${size}_off_share`]: off,
          [`peers_${size}_depth`]: depth
        })
      }
      measured['spread'] = Math.max(...rates.map(rate => Math.abs(rate / median(rates) - 1)))
    }
    if (parts.includes('wire')) {
      progress('real gossipsub nodes')
      const { announcements, copies } = await part<Wired>('wire')
      Object.assign(measured, { copies, announcements_heard: announcements })
    }
    if (parts.includes('idle')) {
      progress('idle nodes, some minutes')
      const { connections, bps } = await part<Idle>('idle')
      Object.assign(measured, { idle_bps: bps, idle_sockets: connections })
    }
    print({ bench: 'announce', env: { ...machine(), parts: parts.join(' ') }, measured, runs: {}, targets: parts.flatMap(name => TARGETS[name] ?? []) }, json)
  }
}
