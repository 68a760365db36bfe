/** Processes that die while they write, and what is found at the next start. */

import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Checks } from '../../support/checks.ts'
import { expect, sleep, within } from '../../support/waiting.ts'
import { at, BLOCK, expectServes, hash, later, linkTo, node, randomBytes, release } from './bench.ts'
import { RawPeer } from '../../support/raw-peer.ts'

const PATH = 'film.mp4'
const BYTES = randomBytes(64 * BLOCK)
const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const ROUNDS = 3

export async function crash (checks: Checks): Promise<void> {
  await checks.check('a process killed while it fills its store serves nothing wrong at the next start, and goes on', async () => {
    const seeder = await node({ upload: { rate: '20MB' } })
    const { manifest } = await seeder.publishBytes(new Map([[PATH, BYTES]]), { name: PATH })
    const link = linkTo(seeder, manifest)
    const data = at('killed')
    let written = 0
    for (let round = 0; round < ROUNDS; round++) {
      const writer = spawn(process.execPath, [WRITER, data, link], { stdio: 'ignore' })
      later(() => { writer.kill('SIGKILL') })
      const ended = new Promise(resolve => { writer.once('close', resolve) })
      const before = written
      for (const end = performance.now() + 10_000; written < before + 12;) {
        expect(performance.now() < end && writer.exitCode === null, `only ${written - before} blocks were written`)
        await sleep(5)
        written = await blocksIn(data)
      }
      writer.kill('SIGKILL')
      await ended
    }
    expect(written < 64, 'it had finished before it was killed')

    const revived = await node({ data })
    const content = await revived.open(`shoal:${manifest}`)
    const peer = await RawPeer.start()
    await peer.meet(revived)
    await peer.join(manifest, 0)
    await sleep(200)
    let served = 0
    for (let block = 0; block < 64; block++) {
      const answer = await peer.ask(block + 1, 0, block)
      if (answer === 'not-found') continue
      expect(typeof answer !== 'string' && hash(answer) === hash(BYTES.subarray(block * BLOCK, (block + 1) * BLOCK)),
        `block ${block}: ${typeof answer === 'string' ? answer : 'wrong bytes'}`)
      served++
    }
    expect(served >= 12 && served < 64, `${served} of ${written} blocks were served`)
    expect(revived.said.corrupt.length === 0, `blocks that were never whole were held: ${JSON.stringify(revived.said.corrupt)}`)

    await revived.open(link)
    await within(20, content.fetchAll(), 'fetching the rest')
    expect(content.stats.fromPeers <= (64 - served) * BLOCK, `${content.stats.fromPeers} bytes came for ${64 - served} missing blocks`)
    await expectServes(revived, manifest, PATH, BYTES)
    release(revived, peer, seeder)
  })
}

async function blocksIn (data: string): Promise<number> {
  const pack = await stat(join(data, 'store/packs/256k')).catch(() => undefined)
  return Math.floor((pack?.size ?? 0) / BLOCK)
}
