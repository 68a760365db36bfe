/**
 * One file from one node to another over TCP on loopback, until every byte is verified and stored: Shoal to Shoal, Kubo to Kubo over
 * Bitswap, and Kubo to Helia. Every round runs all of them, in an order that moves on by one each round.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildKubo, kuboVersion } from '../../interop/support/kubo.ts'
import { transfer, type Contender } from './support/contender.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { installRivals, ownVersion, rivalVersion } from './support/rivals.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const CONTENDERS: readonly Contender[] = [
  { name: 'shoal', script: at('pair/shoal.ts') },
  { name: 'kubo', script: at('rivals/kubo.ts'), options: { fetcher: 'kubo' } },
  { name: 'helia', script: at('rivals/kubo.ts'), options: { fetcher: 'helia' } }
]

const TARGETS: readonly Target[] = [{ key: 'ratio_kubo', op: '>=', want: 1 }, { key: 'ratio_helia', op: '>=', want: 5 }]

const help = `usage: npm run -s bench -- ipfs [options]

  --mib N        size of the file in MiB (default 512)
  --runs N       rounds (default 3)
  --json         one JSON object as the last line of standard output, all else on standard error

Measured, medians: *_mbps in 10^6 bytes per second; ratio_* is shoal_mbps over the other's. helia_mbps is Helia fetching from Kubo. Kubo is built
with Go on the first use.`

export const ipfs: Bench = {
  name: 'ipfs',
  summary: 'one file from one node to another: against Kubo and Helia over Bitswap',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      mib: { type: 'string', default: '512' }, runs: { type: 'string', default: '3' }, json: { type: 'boolean', default: false }
    })
    const mib = positive('mib', options.mib)
    const rounds = positive('runs', options.runs)
    build()
    await installRivals()
    progress('building Kubo, once …')
    await buildKubo()

    const folder = await temporaryFolder()
    const source = await randomFile(join(folder, 'content.bin'), mib * 2 ** 20)
    const env = {
      ...machine(),
      mib,
      rounds,
      libp2p: await ownVersion('libp2p'),
      helia: await rivalVersion('helia'),
      kubo: await kuboVersion(),
      stores: 'files: shoal a data folder, kubo its repository, helia blockstore-fs'
    }
    const runs: Record<string, number[]> = Object.fromEntries(CONTENDERS.map(({ name }) => [`${name}_mbps`, []]))
    for (let turn = 0; turn < rounds; turn++) {
      for (let i = 0; i < CONTENDERS.length; i++) {
        const contender = CONTENDERS[(i + turn) % CONTENDERS.length] as Contender
        const { rate, seconds } = await transfer(contender, source, join(folder, contender.name))
        runs[`${contender.name}_mbps`]?.push(rate / 1e6)
        progress(`round ${turn + 1} of ${rounds}: ${contender.name.padEnd(6)} ${(rate / 1e6).toFixed(1).padStart(7)} MB/s, ${seconds.toFixed(2)} s`)
      }
    }
    await rm(source.file)
    const measured: Record<string, number> = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    for (const rival of ['kubo', 'helia']) measured[`ratio_${rival}`] = (measured['shoal_mbps'] as number) / (measured[`${rival}_mbps`] as number)
    print({ bench: 'ipfs', env: { ...env, load_1min_after: machine().load_1min }, measured, runs, targets: TARGETS }, options.json)
  }
}
