/** Published files that are changed, cut or removed while they are seeded, and a store whose files rot. */

import { rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checks } from '../../support/checks.ts'
import { expect, until, within } from '../../support/waiting.ts'
import { at, BLOCK, expectAnswers, expectError, failure, hash, linkTo, node, randomBytes, readAll, release } from './bench.ts'
import { RawPeer } from '../../support/raw-peer.ts'

const SIZE = 4 * BLOCK + 100
const WRITTEN = 1_700_000_000

const changes: Record<string, { words: string, change: (path: string) => Promise<void> }> = {
  'is modified': { words: 'it was modified', change: async path => { await writeFile(path, randomBytes(SIZE)) } },
  'shrinks': { words: `its size changed from ${SIZE} to ${BLOCK} bytes`, change: path => truncate(path, BLOCK) },
  'is deleted': { words: 'it cannot be read', change: path => rm(path) },
  'is modified behind its size and time': {
    words: 'is not what was published',
    change: async path => {
      await writeFile(path, randomBytes(SIZE))
      await utimes(path, WRITTEN, WRITTEN)
    }
  }
}

export async function files (checks: Checks): Promise<void> {
  // takes as long as a reader's patience
  const lonely = lonelyReader()
  lonely.catch(() => {})
  for (const [name, { words, change }] of Object.entries(changes)) {
    await checks.check(`a published file that ${name}`, async () => {
      const seeder = await node()
      const path = at(`published ${name}.mp4`)
      const kept = randomBytes(SIZE)
      await writeFile(path, randomBytes(SIZE))
      await utimes(path, WRITTEN, WRITTEN)
      const { manifest } = await seeder.publish(path)
      const good = await seeder.publishBytes(new Map([['kept.mp4', kept]]), { name: 'kept.mp4' })
      await change(path)
      // its modification time is looked at once a second
      await new Promise(resolve => { setTimeout(resolve, 1000) })

      const peer = await RawPeer.start()
      await peer.meet(seeder)
      await peer.join(manifest, 0)
      for (let block = 0; block < 5; block++) {
        const answer = await peer.ask(block + 1, 0, block)
        expect(answer === 'not-found', `expected not-found for block ${block}, got ${typeof answer === 'string' ? answer : `${answer.byteLength} bytes`}`)
      }
      const [event] = seeder.said.withdrawn
      expect(event?.path === path && event.reason.includes(words) && event.blocks === 5, `unexpected event ${JSON.stringify(seeder.said.withdrawn)}`)
      await until(2, () => peer.messages.some(message => message.type === 'have' && (message.delta.dropped?.length ?? 0) > 0), 'word that it is gone')
      await expectAnswers(seeder, good.manifest, kept)
      release(peer, seeder)
    })
  }

  await checks.check('blocks that rot in the store', async () => {
    const data = at('rotten')
    const bytes = randomBytes(SIZE)
    let seeder = await node({ data })
    const { manifest } = await seeder.publishBytes(new Map([['film.mp4', bytes]]), { name: 'film.mp4' })
    await seeder.stop()
    // the file of all whole blocks
    const pack = join(data, 'store/packs/256k')
    const { size } = await stat(pack)
    expect(size === 4 * BLOCK, `expected 4 whole blocks in ${pack}, got ${size} bytes`)
    await writeFile(pack, randomBytes(2 * BLOCK + 1000))

    seeder = await node({ data })
    const peer = await RawPeer.start()
    await peer.meet(seeder)
    await peer.join(manifest, 0)
    for (let block = 0; block < 4; block++) {
      expect(await peer.ask(block + 1, 0, block) === 'not-found', `block ${block} was served`)
    }
    const last = await peer.ask(9, 0, 4)
    expect(typeof last !== 'string' && hash(last) === hash(bytes.subarray(4 * BLOCK)), 'the good block was not served')
    expect(seeder.said.corrupt.length === 4, `expected 4 events, got ${JSON.stringify(seeder.said.corrupt)}`)
    release(peer, seeder)
  })

  await checks.check('a reader whose only peer withdrew the file', () => lonely)
}

async function lonelyReader (): Promise<void> {
  const seeder = await node()
  const path = at('gone.bin')
  await writeFile(path, randomBytes(SIZE))
  const { manifest } = await seeder.publish(path)
  const reader = await node()
  const content = await reader.open(linkTo(seeder, manifest))
  await rm(path)
  await new Promise(resolve => { setTimeout(resolve, 1000) })
  const error = await within(25, failure(readAll(content, 'gone.bin', { deadline: 500 }), 'reading'), 'an error')
  expectError(error, 'ERR_UNAVAILABLE', 'gone.bin')
  expect(content.stats.fromPeers === 0, 'bytes came')
  const kept = randomBytes(1000)
  const other = await reader.publishBytes(new Map([['kept.mp4', kept]]), { name: 'kept.mp4' })
  await expectAnswers(reader, other.manifest, kept)
  release(seeder, reader)
}
