import { expect } from 'chai'
import fc from 'fast-check'
import { ManifestError } from '@shoal/interface'
import { HeadLog, type Accepted } from '../src/head-log.js'
import { compareSequences, type Sequence } from '../src/head.js'
import { LiveManifest } from '../src/live-manifest.js'
import { hashBlock } from '../src/verify.js'
import type { WindowEntry } from '../src/window.js'
import { randomBytes, rejection } from './helpers.js'

function entry (index: number, path = `${index}.ts`, playlist = false): WindowEntry {
  const leaves = randomBytes(32, index)
  return { index, path, size: 10, digest: undefined, leaves, offsets: undefined, playlist, duration: undefined, rendition: undefined }
}

/** A head of this sequence; `say` tells two of one sequence apart. */
function head (epoch: number, counter: number, indices: readonly number[], say = 0): Accepted {
  const digest = Uint8Array.of(epoch, counter, say)
  const window = { digest, size: 1 }
  return {
    head: { sequence: { epoch, counter }, window, digest, delta: undefined, inline: undefined, signed: digest },
    window: { origins: [], policy: {}, targetMs: 2_000, ended: false, entries: indices.map(index => entry(index)) }
  }
}

describe('head log', () => {
  it('takes what is newer, and nothing twice', () => {
    const log = new HeadLog()
    const [one, two, next] = [head(1, 1, [5, 6]), head(1, 4, [6, 7, 9]), head(2, 0, [40])]
    expect(log.accept(one)).to.equal('newer')
    expect(log.accept(one)).to.equal('known')
    expect(log.accept(two), 'three were missed').to.equal('newer')
    expect(log.accept(one)).to.equal('known')
    expect(log.accept(head(1, 3, [6, 7]))).to.equal('stale')
    expect(log.accept(next)).to.equal('newer')
    expect(log.accept(head(1, 100, [6, 7, 9])), 'rolled back to an old epoch').to.equal('stale')
    expect(log.current).to.equal(next)
  })

  it('drops two that say different things in one sequence, until a higher epoch comes', () => {
    const log = new HeadLog()
    const before = head(1, 1, [5])
    log.accept(before)
    log.accept(head(1, 2, [6]))
    log.accept(head(1, 3, [7]))
    expect(log.accept(head(1, 2, [8], 1))).to.equal('forked')
    expect(log.current).to.equal(before)
    for (const later of [head(1, 3, [7]), head(1, 9, [9]), head(1, 2, [6]), head(0, 9, [5])]) expect(log.accept(later)).to.equal('burnt')
    expect(log.accept(head(2, 0, [30]))).to.equal('newer')
  })

  it('has nothing left when the first is one of two', () => {
    const log = new HeadLog()
    log.accept(head(1, 1, [5]))
    expect(log.judge(head(1, 1, [6], 1).head)).to.equal('forked')
    expect(log.current).to.equal(undefined)
  })

  it('refuses another meaning for a number that is known, and an old number for something new', () => {
    const log = new HeadLog()
    log.accept(head(1, 1, [5, 6]))
    log.accept(head(1, 2, [6]))
    const other = head(1, 3, [])
    expect(() => log.accept({ ...other, window: { ...other.window, entries: [entry(6, 'x.ts')] } })).to.throw(ManifestError, /segment 6 to stay/)
    expect(() => log.accept(head(1, 3, [5, 6])), 'retired').to.throw(ManifestError, /above 6/)
    expect(log.accept(head(1, 3, [6, 7]))).to.equal('newer')
    expect(() => log.accept({ ...head(2, 0, []), window: { ...other.window, entries: [entry(7, 'x.ts')] } })).to.throw(ManifestError)
    expect(log.accept(head(2, 0, [1, 7])), 'an epoch has numbers of its own').to.equal('newer')
  })

  it('holds the same whatever the order in which heads come, and however many are missed', () => {
    const heads = Array.from({ length: 30 }, (_, i) => {
      const epoch = Math.floor(i / 10)
      return head(epoch, i % 10, [100 * epoch + i, 100 * epoch + i + 1])
    })
    const order = fc.shuffledSubarray(heads.map((_, i) => i), { minLength: 1 })
    fc.assert(fc.property(order, order, (first, second) => {
      const views = [first, second].map(order => {
        const log = new HeadLog()
        for (const i of [...order, heads.length - 1]) log.accept(heads[i] as Accepted)
        return log.current
      })
      expect(views[0]).to.equal(heads.at(-1))
      expect(views[1]).to.equal(heads.at(-1))
    }))
  })

  it('never goes back, but for a pair', () => {
    const step = fc.record({ epoch: fc.nat(3), counter: fc.nat(5), say: fc.nat(1) })
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const log = new HeadLog()
      const burnt = new Set<number>()
      for (const { epoch, counter, say } of steps) {
        const before = log.current?.head.sequence
        // every head of an epoch lists the same, so that only sequences matter
        const verdict = log.accept(head(epoch, counter, [epoch], say))
        const now = log.current?.head.sequence
        if (verdict === 'forked') burnt.add(epoch)
        else if (before !== undefined) expect(compareSequences(now as Sequence, before)).to.be.at.least(0)
        if (verdict === 'newer') expect(burnt.has(epoch)).to.equal(false)
      }
    }))
  })

  it('takes nothing after a restart that is older than what came before it, and nothing else said in its place', () => {
    const log = new HeadLog()
    log.accept(head(2, 3, [5]))
    const again = (): HeadLog => new HeadLog(log.seen)
    expect(new HeadLog().seen).to.equal(undefined)
    for (const [epoch, counter] of [[2, 2], [1, 9]] as const) expect(again().judge(head(epoch, counter, []).head)).to.equal('stale')
    expect(again().accept(head(2, 3, [5]))).to.equal('newer')
    expect(again().accept(head(2, 4, [6]))).to.equal('newer')
    const forked = again()
    expect(forked.judge(head(2, 3, [5], 1).head)).to.equal('forked')
    expect(new HeadLog(forked.seen).judge(head(2, 9, [8]).head)).to.equal('burnt')
    expect(new HeadLog(forked.seen).judge(head(3, 0, [8]).head)).to.equal('newer')
  })

  it('never goes back over restarts, wherever they fall', () => {
    const step = fc.record({ epoch: fc.nat(3), counter: fc.nat(5), restart: fc.boolean() })
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), steps => {
      let log = new HeadLog()
      for (const { epoch, counter, restart } of steps) {
        if (restart) log = new HeadLog(log.seen)
        const before = log.seen?.sequence
        log.accept(head(epoch, counter, [epoch]))
        if (before !== undefined) expect(compareSequences(log.seen?.sequence as Sequence, before)).to.be.at.least(0)
      }
    }))
  })
})

describe('live manifest', () => {
  it('moves, and keeps each segment’s number', async () => {
    const block = await hashBlock(Uint8Array.of(1))
    const playlist = (index: number): WindowEntry => entry(index, 'main.m3u8', true)
    const of = (counter: number, entries: WindowEntry[]): Accepted => {
      const { head: signed, window } = head(1, counter, [])
      return { head: signed, window: { ...window, entries } }
    }
    const manifest = new LiveManifest('12D3', 'show', of(1, [entry(5), entry(6), playlist(7)]), block)
    expect((await manifest.find('main.m3u8')).index).to.equal(7)
    const change = manifest.move(of(2, [entry(6), playlist(7), entry(8), playlist(9)]), block)
    expect(change.added.map(({ index }) => index)).to.deep.equal([8, 9])
    expect(change.retired.map(({ index }) => index)).to.deep.equal([5])
    expect((await manifest.find('main.m3u8')).index).to.equal(9)
    expect([manifest.peek(9)?.playlist, manifest.peek(8)?.playlist]).to.deep.equal([true, undefined])
    expect(change.gone.map(({ size }) => size)).to.deep.equal([10])
    expect(manifest.peek(5)).to.equal(undefined)
    expect((await rejection(manifest.find('5.ts'))).name).to.equal('NotFoundError')
    expect((await rejection(manifest.segment(5))).name).to.equal('NotFoundError')
    expect(() => manifest.block(5, 0)).to.throw(/no block 0 in segment 5/)
    expect(manifest.block(8, 0).size).to.equal(10)
    expect(manifest.summary).to.include({ segments: 4, blocks: 4, bytes: 40, name: 'show' })
    expect(manifest.summary.live).to.deep.equal({ epoch: 1, counter: 2, ended: false, target: 2 })
    expect(manifest.empty().retired).to.have.length(4)
    expect(manifest.summary.segments).to.equal(0)
  })
})
