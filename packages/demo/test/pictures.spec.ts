import { expect } from 'chai'
import type { PeerStatus, SegmentDetail } from '@shoal/interface'
import { settle, type Body } from '../src/page/forces.js'
import { megabytes, minutes, percent, roundUp } from '../src/page/format.js'
import { Model, sum } from '../src/page/model.js'
import { byPeer } from '../src/page/peers.js'
import { rank } from '../src/page/scoreboard.js'

const NODE = 'node'

function detail (path: string, sources: SegmentDetail['sources']): SegmentDetail {
  return { content: 'shoal:x', path, bytes: 0, source: 'peer', sources, ms: 1, reason: 'peers' }
}

describe('demo: model', () => {
  it('tells viewers, the node and the origin apart, and counts WebRTC for itself', () => {
    const model = new Model(NODE)
    model.setSegments([{ path: 'a', start: 0, duration: 4 }])
    model.delivered(detail('a', [
      { kind: 'peer', peer: 'v1', bytes: 10 }, { kind: 'peer', peer: 'v2', bytes: 20 }, { kind: 'peer', peer: NODE, bytes: 30 },
      { kind: 'origin', bytes: 40 }, { kind: 'store', bytes: 50 }
    ]), peer => peer === 'v1')
    expect(model.total).to.deep.equal({ viewers: 30, node: 30, origin: 40 })
    expect(model.cells[0]?.mix).to.deep.equal(model.total)
    expect(model.webrtc).to.equal(10)
  })

  it('keeps what came before the playlist was known, and leaves playlists out', () => {
    const model = new Model(NODE)
    model.fetched('a', 5)
    model.delivered(detail('b.m3u8', [{ kind: 'origin', bytes: 9 }]), () => false)
    model.setSegments([{ path: 'a', start: 0, duration: 4 }, { path: 'c', start: 4, duration: 4 }])
    expect(model.cells.map(cell => sum(cell.mix))).to.deep.equal([5, 0])
    expect(sum(model.total)).to.equal(5)
  })

  it('counts a part for its segment, and remembers what a live stream lists no longer', () => {
    const model = new Model(NODE)
    const list = (...paths: string[]): void => { model.setSegments(paths.map((path, start) => ({ path, start, duration: 4 }))) }
    list('seg1.m4s')
    model.delivered(detail('seg1.0.m4s', [{ kind: 'origin', bytes: 5 }]), () => false)
    model.delivered(detail('seg1.1.m4s', [{ kind: 'peer', peer: 'v', bytes: 6 }]), () => false)
    list('seg2.m4s')
    list('seg1.m4s', 'seg2.m4s')
    expect(model.cells.map(cell => cell.mix)).to.deep.equal([{ viewers: 6, node: 0, origin: 5 }, { viewers: 0, node: 0, origin: 0 }])
    expect([model.of('seg1.m4s'), model.held('seg1.m4s')]).to.deep.equal([11, false])
  })

  it('keeps a bounded number of samples from the first to the last', () => {
    const model = new Model(NODE)
    for (let at = 0; at < 5000; at++) model.sample(at, at)
    expect(model.samples.length).to.be.at.most(1200)
    expect(model.samples[0]?.at).to.equal(0)
    expect(model.samples.at(-1)?.at).to.be.above(4990)
  })
})

describe('demo: scoreboard', () => {
  it('puts first who gave most, and always has this viewer', () => {
    const viewers = Array.from({ length: 8 }, (_, n) => {
      return { id: `v${n}`, show: 'film' as const, fromViewers: 60, fromNode: 20, fromOrigin: 20, given: n === 0 ? 0 : 100 - n, peers: [] }
    })
    const scores = rank(viewers, 'v0')
    expect(scores.map(({ id }) => id)).to.deep.equal(['v1', 'v2', 'v3', 'v4', 'v0'])
    expect(scores[0]).to.deep.include({ taken: 100, share: 0.8, of: 1 })
    expect(rank([], 'v0')).to.deep.equal([])
  })
})

describe('demo: peers', () => {
  it('makes one of several sessions with a peer, by what they brought', () => {
    const session = (peer: string, transport: string, received: number): PeerStatus =>
      ({ peer, transport, stats: { received } }) as unknown as PeerStatus
    expect(byPeer([session('a', 'relay', 1), session('b', 'ws', 0), session('a', 'webrtc', 9), session('a', 'relay', 2)])).to.deep.equal([
      { peer: 'a', transport: 'webrtc', received: 12 }, { peer: 'b', transport: 'ws', received: 0 }
    ])
  })
})

describe('demo: format', () => {
  it('writes for people', () => {
    expect([megabytes(1_234_567), minutes(75.4), percent(0.666)]).to.deep.equal(['1.2 MB', '1:15', '67 %'])
    expect([0.3, 1, 1.2, 4, 7].map(roundUp)).to.deep.equal([0.5, 1, 2, 5, 10])
  })
})

describe('demo: forces', () => {
  it('comes to rest with everything inside and nothing on top of another', () => {
    const bodies: Body[] = Array.from({ length: 12 }, (_, i) => {
      return { x: 200 + i, y: 200 - i, vx: 0, vy: 0, radius: 9, anchorX: undefined, anchorY: undefined }
    })
    const links = bodies.flatMap((a, i) => bodies.slice(i + 1).map(b => ({ a, b })))
    let moved = Infinity
    for (let n = 0; n < 2000 && moved > 0.05; n++) moved = settle(bodies, links, 400, 400)
    expect(moved).to.be.at.most(0.05)
    for (const [i, a] of bodies.entries()) {
      expect(a.x).to.be.within(40, 360)
      expect(a.y).to.be.within(20, 370)
      for (const b of bodies.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).to.be.above(a.radius)
    }
  })
})
