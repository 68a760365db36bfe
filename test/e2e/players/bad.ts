import type { Checks } from '../../support/checks.ts'
import { expect, sleep } from '../../support/waiting.ts'
import { Theatre, type Cast } from './theatre.ts'

/** What each player says of a playlist that it cannot load, or not read. video.js loads one that is none again and again. */
const ERRORS: Readonly<Record<string, { refused: RegExp, broken: RegExp | undefined }>> = {
  hls: { refused: /^manifestLoadError fatal 0/, broken: /^manifestParsingError fatal/ },
  shaka: { refused: /^load 1002/, broken: /^load 400[01]|^load 4015/ },
  dash: { refused: /^25/, broken: /^(10|31)/ },
  videojs: { refused: /^[24] /, broken: undefined }
}

/** Seconds at which the changed segment begins, and its number. */
const CHANGED_AT = 24
const CHANGED = '13'

/** What is wrong with the origin the player sees as if Shoal were not there. */
export async function bad (checks: Checks, cast: Cast): Promise<void> {
  const { files, player, path } = cast
  const errors = ERRORS[player]
  if (errors === undefined) return
  const theatre = await Theatre.open(cast)
  const { origin } = theatre
  const name = `${player}, ${path}`
  const fails = async (error: RegExp): Promise<void> => {
    const { troubles, time, got } = await theatre.until(20, ({ troubles }) => troubles.some(trouble => error.test(trouble)), `an error like ${String(error)}`)
    expect(time === 0 && got.length === 0, `expected nothing to play, ${time} s and ${got.length} requests, after ${troubles.join(', ')}`)
  }
  try {
    await checks.check(`${name}: an origin that CORS refuses is the player's usual error`, async () => {
      origin.state = 'refused'
      await theatre.play(false)
      await fails(errors.refused)
    })

    await checks.check(`${name}: so is a playlist that is none`, async () => {
      origin.state = 'up'
      origin.changed.set(path, new TextEncoder().encode('<html>This is a captive portal.'))
      await theatre.play(false)
      const { broken } = errors
      if (broken === undefined) await sleep(2000)
      else await theatre.until(20, ({ troubles }) => troubles.some(trouble => broken.test(trouble)), `an error like ${String(broken)}`)
      const { time } = await theatre.figures()
      expect(time === 0, `expected nothing to play, it is at ${time} s`)
    })

    await checks.check(`${name}: of a segment that changed under its URL the player gets the origin's, and nobody else does`, async () => {
      origin.changed.clear()
      await theatre.seed()
      await theatre.play()
      await theatre.until(20, ({ got }) => got.some(({ via }) => via === 'peer'), 'something from a peer')
      await theatre.unseed()
      for (const rung of ['0', '1', '2']) {
        const segment = `seg-${rung}-${CHANGED}.m4s`
        // still a segment, of another time of day: a byte of its last frame is another
        const bytes = Uint8Array.from(files.get(segment) as Uint8Array)
        bytes.set([(bytes.at(-1) as number) ^ 1], bytes.length - 1)
        origin.changed.set(segment, bytes)
      }
      await theatre.seek(CHANGED_AT)
      await theatre.playsOn(1.2, 'playing what changed', CHANGED_AT, true)
      const { got, fallbacks } = await theatre.figures()
      const changed = got.filter(({ path }) => path.endsWith(`-${CHANGED}.m4s`))
      expect(changed.length > 0 && changed.every(({ via }) => via === 'direct'), `expected the origin's alone, got ${JSON.stringify(changed)}`)
      expect(fallbacks.some(text => text.includes('to origin: mismatch')), `expected to hear of it, heard ${fallbacks.join('; ')}`)
    })

    await checks.check(`${name}: a page that is no secure context plays from the origin alone`, async () => {
      origin.changed.clear()
      await theatre.page.addInitScript(() => { Object.defineProperty(globalThis, 'isSecureContext', { value: false }) })
      await theatre.play()
      await theatre.playsOn(1.5, 'playing', 0)
      await sleep(500)
      const { got, fallbacks } = await theatre.figures()
      expect(got.length > 0 && got.every(({ via }) => via === 'direct'), `expected the origin alone, got ${JSON.stringify(got)}`)
      expect(fallbacks.some(text => text.includes('no-content')), `expected to hear why, heard ${fallbacks.join('; ')}`)
    })
  } finally {
    await theatre.stop()
  }
}
