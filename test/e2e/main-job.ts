/**
 * The main job between processes: publish, find without a tracker, fetch, verify, re-serve, survive.
 *
 *     node test/e2e/main-job.ts [--mib N]
 *
 * A publishes a random file (1 GiB unless `--mib` says otherwise) and an HLS folder by handing them to its `serve`; B is a plain `serve`;
 * the others know B alone, and the link without its hints.
 */

import { createHash, randomFillSync } from 'node:crypto'
import { cp, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Checks, Problem } from '../support/checks.ts'
import { endAll, shoal, type ShoalProcess } from '../support/processes.ts'

const { values } = parseArgs({ options: { mib: { type: 'string', default: '1024' } } })
const SIZE = Number(values.mib) * 2 ** 20
const BLOCK = 262_144
const RSS_LIMIT = 350e6
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const MEDIA = fileURLToPath(new URL('../../packages/demo/media/stream/', import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'shoal-e2e-'))
const at = (name: string): string => join(folder, name)
const checks = new Checks()

interface Done { done: true, bytes: number, fromPeers: number, fromOrigin: number, seconds: number, peers: Record<string, number> }

async function randomFile (path: string): Promise<void> {
  const file = await open(path, 'w')
  const chunk = Buffer.alloc(16 * 2 ** 20)
  for (let written = 0; written < SIZE; written += chunk.length) await file.write(randomFillSync(chunk).subarray(0, SIZE - written))
  await file.close()
}

async function digest (path: string): Promise<string> {
  const file = await open(path)
  const hash = createHash('sha256')
  for await (const chunk of file.createReadStream({ highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Bytes of whole blocks that are there already. */
async function haveBytes (path: string, original: string): Promise<number> {
  const [part, whole] = await Promise.all([open(path), open(original)])
  const mine = Buffer.alloc(BLOCK)
  const theirs = Buffer.alloc(BLOCK)
  let have = 0
  for (let offset = 0; offset < SIZE; offset += BLOCK) {
    await Promise.all([part.read(mine, 0, BLOCK, offset), whole.read(theirs, 0, BLOCK, offset)])
    if (mine.equals(theirs)) have += Math.min(BLOCK, SIZE - offset)
  }
  await Promise.all([part.close(), whole.close()])
  return have
}

function expect (condition: boolean, message: string): void {
  if (!condition) throw new Problem(message)
}

function fetchInto (link: string, name: string, bootstrap: string, ...more: string[]): ShoalProcess {
  return shoal('fetch', link, '-o', at(name), '--bootstrap', bootstrap, '--listen', LOOPBACK, ...more)
}

async function done (process: ShoalProcess): Promise<Done> {
  return await process.line(line => line['done'] === true, 'finishing') as unknown as Done
}

try {
  await randomFile(at('big.bin'))
  await cp(MEDIA, at('media'), { recursive: true })
  const original = await digest(at('big.bin'))

  const b = shoal('serve', '--data', at('b'), '--listen', LOOPBACK, '--gateway', 'off', '--metrics', 'off')
  const bootstrap = ((await b.line(line => 'peerId' in line, 'its addresses'))['addrs'] as string[])[0] as string
  const a = shoal('serve', '--data', at('a'), '--listen', LOOPBACK, '--bootstrap', bootstrap, '--gateway', 'off', '--metrics', 'off')
  await a.line(line => 'peerId' in line, 'its addresses')

  let link = ''
  let media = ''
  await checks.check('publish hands a file and an HLS folder over to a running serve and exits', async () => {
    for (const name of ['big.bin', 'media']) {
      const publish = shoal('publish', at(name), '--data', at('a'))
      const line = await publish.line(found => 'link' in found, 'a link')
      await publish.success()
      expect(typeof line['root'] === 'string' && (line['segments'] as number) > 0, `unexpected first line ${JSON.stringify(line)}`)
      if (name === 'media') media = `shoal:${line['manifest'] as string}`
      else link = `shoal:${line['manifest'] as string}`
    }
  })

  let c = fetchInto(link, 'c.bin', bootstrap, '--data', at('c'), '--seed')
  await checks.check('an interrupted fetch goes on where it was', async () => {
    for (let have = 0; have < SIZE / 3;) {
      await new Promise(resolve => { setTimeout(resolve, 100) })
      have = await stat(at('c.bin.shoal-part')).then(found => found.blocks * 512, () => 0)
      expect(c.lines.every(line => line['done'] !== true), 'it finished before it could be interrupted')
    }
    await c.kill()
    const had = await haveBytes(at('c.bin.shoal-part'), at('big.bin'))
    c = fetchInto(link, 'c.bin', bootstrap, '--data', at('c'), '--seed')
    const result = await done(c)
    const again = result.fromPeers - (SIZE - had)
    expect(had > SIZE / 10, `only ${had} bytes were there`)
    expect(again <= had * 0.02, `${again} of ${had} bytes were fetched again`)
    const percent = (100 * Math.max(0, again) / had).toFixed(2)
    console.log(`          had ${had} bytes, fetched ${result.fromPeers}, again ${Math.max(0, again)} (${percent} %)`)
    expect(await digest(at('c.bin')) === original, 'the copy differs')
  })

  let cPeer = ''
  await checks.check('status of a node that another process runs', async () => {
    const status = shoal('status', '--data', at('c'))
    cPeer = (await status.line(line => 'peerId' in line, 'a status'))['peerId'] as string
    await status.success()
  })

  await checks.check('a later fetch takes ≥ 40 % from the peer that fetched before', async () => {
    const d = fetchInto(link, 'd.bin', bootstrap)
    const result = await done(d)
    await d.success()
    const share = (result.peers[cPeer] ?? 0) / SIZE
    console.log(`          ${(100 * share).toFixed(1)} % came from C, in ${result.seconds} s`)
    expect(share >= 0.4, `${(100 * share).toFixed(1)} % came from C`)
    expect(await digest(at('d.bin')) === original, 'the copy differs')
    await rm(at('d.bin'))
  })

  await checks.check('an HLS folder arrives byte for byte', async () => {
    const m = fetchInto(media, 'media-copy', bootstrap)
    const result = await done(m)
    await m.success()
    expect(result.fromOrigin === 0, 'an origin was asked')
    expect((await readFile(at('media-copy/main.m3u8'))).equals(await readFile(at('media/main.m3u8'))), 'the playlist differs')
  })

  await checks.check('with the publisher killed the content lives on', async () => {
    await a.kill()
    const e = fetchInto(link, 'e.bin', bootstrap)
    const result = await done(e)
    await e.success()
    expect(result.peers[cPeer] === SIZE, `expected everything from C, got ${JSON.stringify(result.peers)}`)
    expect(await digest(at('e.bin')) === original, 'the copy differs')
  })

  await checks.check('seeder and fetcher stay below 350 MB', () => {
    console.log(`          peak: seeder ${(a.peakRss / 1e6).toFixed(0)} MB, fetcher ${(c.peakRss / 1e6).toFixed(0)} MB`)
    expect(a.peakRss < RSS_LIMIT && c.peakRss < RSS_LIMIT, `seeder ${a.peakRss}, fetcher ${c.peakRss} bytes`)
  })

  await checks.check('processes end cleanly on SIGTERM', async () => {
    const codes = [await c.kill('SIGTERM'), await b.kill('SIGTERM')]
    expect(codes.every(code => code === 0), `exit codes ${codes.join(', ')}`)
  })
} finally {
  await endAll()
  await rm(folder, { recursive: true, force: true })
}
checks.end()
