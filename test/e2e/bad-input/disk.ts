/** Full disks, real ones: small file systems in memory, where mounting them is permitted. */

import { spawnSync } from 'node:child_process'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checks } from '../../support/checks.ts'
import { shoal } from '../../support/processes.ts'
import { expect, within } from '../../support/waiting.ts'
import { at, BLOCK, expectError, expectFile, expectServes, failure, later, linkTo, LOOPBACK, node, randomBytes } from './bench.ts'

const PATH = 'film.mp4'
const MIB = 2 ** 20
const BYTES = randomBytes(24 * BLOCK)

export async function disk (checks: Checks): Promise<void> {
  const seeder = await node()
  const { manifest } = await seeder.publishBytes(new Map([[PATH, BYTES]]), { name: PATH })
  const link = linkTo(seeder, manifest)

  const out = at('small-out')
  if (!await mount(out, 8 * MIB)) {
    checks.skip('full disks', 'mounting a file system in memory is not permitted here (root can)')
    return
  }
  const store = at('small-data/store')
  await mount(store, 8 * MIB)
  const commanded = at('small-copy')
  await mount(commanded, 8 * MIB)

  await checks.check('a save onto a full disk fails, goes on once there is room, and nothing half-written is served', async () => {
    const filler = await fill(out, 4 * MIB)
    const fetcher = await node()
    const content = await fetcher.open(link)
    expectError(await within(20, failure(content.save(join(out, PATH)), 'saving'), 'an error'), 'ERR_STORE_FULL', join(out, PATH))
    expect(await stat(join(out, PATH)).then(() => false, () => true), 'the unfinished file has its final name')
    expect(fetcher.said.errors.some(({ error }) => (error as { code?: string }).code === 'ERR_STORE_FULL'), 'no event says so')
    const came = content.stats.fromPeers
    await rm(filler)
    await within(20, content.save(join(out, PATH)), 'saving with room')
    await expectFile(join(out, PATH), BYTES)
    expect(content.stats.fromPeers - came < BYTES.byteLength - 4 * BLOCK, `everything was fetched again: ${content.stats.fromPeers - came} bytes`)
    await expectServes(fetcher, manifest, PATH, BYTES)
    await fetcher.stop()
    await rm(join(out, PATH))
  })

  await checks.check('a store on a full disk fails, and goes on once there is room', async () => {
    const filler = await fill(store, 4 * MIB)
    const fetcher = await node({ data: at('small-data') })
    const content = await fetcher.open(link)
    expectError(await within(20, failure(content.fetchAll(), 'fetching'), 'an error'), 'ERR_STORE_FULL', 'disk')
    await rm(filler)
    await within(20, content.fetchAll(), 'fetching with room')
    await expectServes(fetcher, manifest, PATH, BYTES)
    await fetcher.stop()
    const again = await node({ data: at('small-data') })
    await again.open(link)
    await expectServes(again, manifest, PATH, BYTES)
    await again.stop()
  })

  await checks.check('a store smaller than the content says so instead of calling it complete', async () => {
    const fetcher = await node({ store: { quota: 4 * MIB } })
    const content = await fetcher.open(link)
    expectError(await within(20, failure(content.fetchAll(), 'fetching'), 'an error'), 'ERR_STORE_FULL', 'quota')
    const kept = randomBytes(1000)
    const other = await fetcher.publishBytes(new Map([['kept.mp4', kept]]), { name: 'kept.mp4' })
    await expectServes(fetcher, other.manifest, 'kept.mp4', kept)
    await fetcher.stop()
  })

  await checks.check('shoal fetch onto a full disk ends with 1, and the same command completes once there is room', async () => {
    const filler = await fill(commanded, 4 * MIB)
    const args = ['fetch', link, '-o', join(commanded, PATH), '--listen', LOOPBACK]
    const full = shoal(...args)
    expect(await within(30, full.exited, 'its end') === 1, `exit code ${await full.exited}`)
    const error = full.lines.at(-1)?.['error'] as { code: string, message: string } | undefined
    expect(error?.code === 'ERR_STORE_FULL' && error.message.includes(join(commanded, PATH)), `unexpected last line ${JSON.stringify(full.lines.at(-1))}`)
    await rm(filler)
    const roomy = shoal(...args)
    const done = await within(30, roomy.line(line => line['done'] === true, 'finishing'), 'finishing')
    await roomy.success()
    expect((done['fromPeers'] as number) < BYTES.byteLength, 'everything was fetched again')
    await expectFile(join(commanded, PATH), BYTES)
    await rm(join(commanded, PATH))
  })

  await checks.check('shoal publish --copy onto a full disk ends with 1', async () => {
    const file = at(PATH)
    await writeFile(file, randomBytes(10 * MIB))
    const publish = shoal('publish', file, '--copy', '--once', '--data', at('small-data'), '--listen', LOOPBACK)
    expect(await within(30, publish.exited, 'its end') === 1, `exit code ${await publish.exited}`)
    expect((publish.lines.at(-1)?.['error'] as { code: string } | undefined)?.code === 'ERR_STORE_FULL', `unexpected last line ${JSON.stringify(publish.lines.at(-1))}`)
  })

  await checks.check('shoal fetch onto a read-only disk ends with 1', async () => {
    spawnSync('mount', ['-o', 'remount,ro', commanded])
    const fetch = shoal('fetch', link, '-o', join(commanded, PATH), '--listen', LOOPBACK)
    expect(await within(30, fetch.exited, 'its end') === 1, `exit code ${await fetch.exited}`)
    const error = fetch.lines.at(-1)?.['error'] as { code: string, message: string } | undefined
    expect(error?.code === 'ERR_STORE' && error.message.includes('EROFS'), `unexpected last line ${JSON.stringify(fetch.lines.at(-1))}`)
  })
  await checks.check('the seeder serves on', () => expectServes(seeder, manifest, PATH, BYTES))
}

async function mount (folder: string, bytes: number): Promise<boolean> {
  await mkdir(folder, { recursive: true })
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'shoal-test', folder])
  if (status === 0) later(() => { spawnSync('umount', ['-l', folder]) })
  return status === 0
}

async function fill (folder: string, bytes: number): Promise<string> {
  const path = join(folder, 'filler')
  await writeFile(path, new Uint8Array(bytes))
  return path
}
