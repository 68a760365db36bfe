/** Who brings the media to the viewers, and what each needs beside the origin. */

import { fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { temporaryFolder } from '../support/folders.ts'
import { progress } from '../support/report.ts'
import type { Stage } from './stage.ts'

export const CONTENDERS = ['hlsjs', 'p2pml', 'shoal'] as const
export type ContenderName = typeof CONTENDERS[number]

/** What the pages of one contender are told, and what runs for them. */
export interface Meeting {
  readonly swarm: string
  readonly meet: readonly string[]
  /** Payload that what runs beside the origin gave to viewers, bytes: as good as an origin's. */
  given (): number
  close (): Promise<void>
}

const here = fileURLToPath(new URL('.', import.meta.url))
const rivals = fileURLToPath(new URL('../rivals/', import.meta.url))
const LOOPBACK = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
const NOTHING = { given: () => 0, close: () => Promise.resolve() }

const PAGES: Readonly<Record<ContenderName, string>> = {
  hlsjs: join(here, 'page-hlsjs.ts'),
  p2pml: join(rivals, 'p2p-media-loader.ts'),
  shoal: join(here, 'page-shoal.ts')
}

/** The scripts of a contender's page, by path; it begins with `page.js`. */
export async function bundle (name: ContenderName): Promise<Map<string, Uint8Array>> {
  const outdir = '/page'
  const { outputFiles } = await build({
    entryPoints: { page: PAGES[name] },
    bundle: true, splitting: true, write: false, minify: true, format: 'esm', target: 'es2022', platform: 'browser', logLevel: 'error', outdir,
    // the rival's code wants these of Node.js
    banner: name === 'p2pml' ? { js: 'globalThis.global ??= globalThis; globalThis.process ??= { browser: true, env: {}, nextTick: (run, ...args) => { queueMicrotask(() => { run(...args) }) } };' } : {}
  })
  return new Map(outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]))
}

/** Starts what the viewers of one run meet at. `folder`: where the stage writes its media too. */
export const meetings: Readonly<Record<ContenderName, (stage: Stage, live: boolean, folder: string) => Promise<Meeting>>> = {
  hlsjs: () => Promise.resolve({ swarm: '', meet: [], ...NOTHING }),

  async p2pml (stage) {
    const tracker = fork(join(rivals, 'tracker.ts'), [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] })
    const closed = new Promise(resolve => { tracker.once('close', resolve) })
    const { url } = await new Promise<{ url: string }>((resolve, reject) => {
      tracker.once('message', message => { resolve(message as { url: string }) })
      tracker.once('close', code => { reject(new Error(`the tracker ended with ${code}`)) })
    })
    return { ...NOTHING, swarm: `bench ${stage.url}`, meet: [url], async close () { tracker.kill(); await closed } }
  },

  async shoal (stage, live, folder) {
    const { createShoal } = await import('shoal')
    // whoever runs this beside the origin signs and relays, and leaves the media to the origin: what it gave would be no offload
    const entry = await createShoal({ listen: LOOPBACK, server: true, policy: { replication: 0 }, upload: { rate: 0 } })
    for (const name of ['peer:penalty', 'error'] as const) {
      entry.addEventListener(name, ({ detail }: CustomEvent<object>) => { progress(`  beside the origin: ${name} ${JSON.stringify(detail, (_key, value: unknown) => value instanceof Error ? value.message : value)}`) })
    }
    const meet = entry.addrs.filter(addr => addr.includes('/ws'))
    const meeting = { meet, given: () => entry.status.total.uploaded, close: async () => { await entry.stop() } }
    if (live) {
      const { link } = await entry.publish(folder, { live: true, name: 'bench', origin: stage.url })
      return { ...meeting, swarm: link.replace(/\?.*$/, '') }
    }
    // by a node that goes away again: the one that stays has the manifest and no media
    const publisher = await createShoal({ listen: LOOPBACK, bootstrap: [...entry.addrs] })
    const { link, manifest } = await publisher.publish(folder, { origin: stage.url, name: 'bench' })
    const content = await entry.open(link)
    for await (const segment of content.segments()) void segment
    await publisher.stop()
    return { ...meeting, swarm: `shoal:${manifest}` }
  }
}

/** A folder for the media of one run, and what removes it. */
export async function mediaFolder (): Promise<{ folder: string, remove: () => Promise<void> }> {
  const folder = join(await temporaryFolder(), 'stream')
  return { folder, remove: async () => { await rm(folder, { recursive: true, force: true }) } }
}
