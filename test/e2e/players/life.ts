import type { Checks } from '../../support/checks.ts'
import { expect, sleep } from '../../support/waiting.ts'
import { isMedia, Theatre, type Cast } from './theatre.ts'

/** All that happens to one viewer, in one go: each check begins where the one before it ended. */
export async function life (checks: Checks, cast: Cast): Promise<void> {
  const { files, player, path } = cast
  const theatre = await Theatre.open(cast)
  const { origin, context, page } = theatre
  const name = `${player}, ${path}`
  const streams = player !== 'native'
  try {
    await theatre.seed()
    await checks.check(`${name}: plays, first from the origin and then from peers`, async () => {
      await theatre.play()
      await theatre.playsOn(1.5, 'playing', 0)
      if (streams) await theatre.until(15, ({ got }) => got.some(({ path, via }) => isMedia(path) && via === 'peer'), 'a segment from a peer')
      const { got } = await theatre.figures()
      expect(!streams || got[0]?.via === 'direct', `expected the first request to go straight to the origin, got ${JSON.stringify(got[0])}`)
    })

    await checks.check(`${name}: seeks`, async () => {
      await theatre.seek(streams ? 20 : 10)
      await theatre.playsOn(1, 'playing on after a seek', streams ? 20 : 10)
    })

    if (streams) {
      await checks.check(`${name}: switches quality`, async () => {
        await theatre.quality(1)
        await theatre.until(15, ({ height }) => height === 180, 'the upper quality')
        await theatre.playsOn(1, 'playing on after the switch')
      })

      await checks.check(`${name}: loses the origin, and plays on from peers`, async () => {
        origin.state = 'gone'
        const before = (await theatre.figures()).got.length
        await theatre.seek(2)
        await theatre.playsOn(3, 'playing without the origin', 2)
        const { got } = await theatre.figures()
        const since = got.slice(before).filter(({ path }) => isMedia(path))
        expect(since.length > 0 && since.every(({ via }) => via !== 'direct' && via !== 'origin'), `expected peers alone, got ${JSON.stringify(since)}`)
      })

      await checks.check(`${name}: loses all peers, and plays on from the origin`, async () => {
        origin.state = 'up'
        await theatre.unseed()
        const asked = origin.asked.length
        await theatre.seek(30)
        await theatre.playsOn(2, 'playing without peers', 30, true)
        expect(origin.asked.slice(asked).some(isMedia), 'expected the origin to be asked')
      })

      await checks.check(`${name}: goes offline, and back`, async () => {
        await context.setOffline(true)
        origin.state = 'gone'
        await theatre.seek(14)
        await sleep(2000)
        const { time } = await theatre.figures()
        expect(time < 14.5, `expected it to wait at 14 s, it is at ${time}`)
        await context.setOffline(false)
        origin.state = 'up'
        await theatre.playsOn(1, 'playing after it was offline', 14, true)
      })
    }

    if (!streams) {
      await checks.check(`${name}: an image and a range of a download come from a peer, too`, async () => {
        origin.state = 'gone'
        const range = await theatre.page.evaluate(async url => {
          const response = await fetch(url, { headers: { range: 'bytes=1000-1999' } })
          return { status: response.status, range: response.headers.get('content-range'), bytes: [...new Uint8Array(await response.arrayBuffer())] }
        }, `${origin.url}clip.mp4`)
        const clip = files.get('clip.mp4') as Uint8Array
        expect(range.status === 206 && range.range === `bytes 1000-1999/${clip.length}`, `expected a range, got ${range.status} ${range.range}`)
        expect(clip.subarray(1000, 2000).every((byte, i) => byte === range.bytes[i]), 'expected the right bytes')
        const width = await theatre.page.evaluate(async url => {
          const image = new Image()
          image.src = url
          await image.decode()
          return image.naturalWidth
        }, `${origin.url}poster.png`)
        expect(width === 1, `expected the image, got one of width ${width}`)
        origin.state = 'up'
      })
    }

    await checks.check(`${name}: is put to sleep in the background, and woken up`, async () => {
      const session = await context.newCDPSession(page)
      await session.send('Page.setWebLifecycleState', { state: 'frozen' })
      await sleep(1000)
      await session.send('Page.setWebLifecycleState', { state: 'active' })
      await theatre.seek(streams ? 24 : 2)
      await theatre.playsOn(1, 'playing after the sleep', streams ? 24 : 2, true)
    })

    await checks.check(`${name}: is loaded anew without an origin, and plays from peers`, async () => {
      await theatre.seed()
      origin.state = 'gone'
      await theatre.play()
      await theatre.playsOn(2, 'playing from peers alone', 0, true)
      const { got } = await theatre.figures()
      expect(got.some(({ path, via }) => isMedia(path) && via === 'peer'), `expected segments of a peer, got ${JSON.stringify(got)}`)
    })
  } finally {
    await theatre.stop()
  }
}
