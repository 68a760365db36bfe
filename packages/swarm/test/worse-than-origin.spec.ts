import { expect } from 'chai'
import { BLOCK_BYTES, Viewer, viewPlain, type Film, type OriginScript, type PeerScript } from './viewer.js'

const FILM: Film = { segments: 12, blocks: 4, segmentMs: 2_000, bufferMs: 6_000 }
/** Bytes per second that the film needs. */
const NEED = FILM.blocks * BLOCK_BYTES * 1000 / FILM.segmentMs
/** A few steps of the clock: a tenth of no stall at all is nothing. */
const GRAIN_MS = 20

const ORIGINS: Record<string, OriginScript> = {
  'an origin at twice the rate': { rate: () => 2 * NEED, ttfb: 100 },
  'an origin with little to spare': { rate: () => 1.15 * NEED, ttfb: 100 },
  'an origin slower than the film': { rate: () => 0.85 * NEED, ttfb: 100 },
  'an origin that all but pauses for three seconds': { rate: now => now > 12_000 && now < 15_000 ? 0.05 * NEED : 1.6 * NEED, ttfb: 100 }
}

const peers = (count: number, script: Partial<PeerScript>): PeerScript[] =>
  Array.from({ length: count }, () => ({ rate: () => 10 * NEED, gives: 'blocks', ...script }))

const PEERS: Record<string, readonly PeerScript[]> = {
  'no peers': [],
  'peers at 1/20 of the needed rate': peers(3, { rate: () => NEED / 20 }),
  'peers that take requests and stay silent': peers(3, { gives: 'nothing' }),
  'peers that give wrong bytes': peers(3, { gives: 'garbage' }),
  'a slow peer that gives wrong bytes': peers(1, { gives: 'garbage', rate: () => NEED / 5 }),
  'a peer that slows to 1/20 in the middle of a block': peers(1, { rate: now => now < 5_700 ? 2 * NEED : NEED / 20 }),
  'a peer that stops in the middle of a block': peers(1, { rate: now => now < 5_700 ? 2 * NEED : 0 })
}

describe('a viewer', () => {
  for (const [origin, script] of Object.entries(ORIGINS)) {
    for (const [name, others] of Object.entries(PEERS)) {
      it(`fares no worse than with the origin alone with ${name} beside ${origin}`, () => {
        const alone = viewPlain(FILM, script)
        const { startMs, stallMs } = new Viewer(FILM, script, others).watch()
        expect(startMs, 'start-up').to.be.at.most(1.1 * alone.startMs + GRAIN_MS)
        expect(stallMs, 'stalls').to.be.at.most(1.1 * alone.stallMs + GRAIN_MS)
      })
    }

    it(`lives on a peer at twice the rate beside ${origin}`, () => {
      const film = { ...FILM, segments: 40 }
      const { stallMs, fromPeers, wastedBytes } = new Viewer(film, script, peers(1, { rate: () => 2 * NEED })).watch()
      expect(stallMs).to.be.at.most(GRAIN_MS)
      expect(fromPeers / (film.segments * film.blocks)).to.be.above(0.7)
      expect(wastedBytes / (film.segments * film.blocks * BLOCK_BYTES)).to.be.below(0.03)
    })
  }
})
