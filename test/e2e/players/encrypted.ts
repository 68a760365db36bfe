import type { Checks } from '../../support/checks.ts'
import { expect } from '../../support/waiting.ts'
import { isMedia, Theatre, type Cast } from './theatre.ts'

/** AES-128: the segments are bytes like any other, the key is the origin's business. */
export async function encrypted (checks: Checks, cast: Cast): Promise<void> {
  const { files, player } = cast
  const theatre = await Theatre.open(cast)
  const { origin } = theatre
  try {
    await checks.check(`${player}, AES-128: encrypted segments come from peers, the key from the origin alone`, async () => {
      const keys = [...files.keys()].filter(name => name.endsWith('.key'))
      for (const key of keys) origin.spared.add(key)
      await theatre.seed()
      origin.state = 'gone'
      await theatre.play()
      const { got } = await theatre.playsOn(3, 'playing', 0, true)
      const media = got.filter(({ path }) => isMedia(path))
      expect(media.length > 0 && media.every(({ via }) => via === 'peer' || via === 'store'), `expected segments of peers, got ${JSON.stringify(got)}`)
      expect(origin.asked.length > 0 && origin.asked.every(asked => keys.includes(asked)), `expected the origin to give keys, it gave ${origin.asked.join()}`)
      expect(got.every(({ path }) => !keys.includes(path)), `expected no key of Shoal, got ${JSON.stringify(got)}`)
    })
  } finally {
    await theatre.stop()
  }
}
