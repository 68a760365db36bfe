import { ManualClock } from '@shoal/base'
import { sha256 } from '@shoal/content'
import type { Session, SessionEvent } from '@shoal/interface'
import { MIN_CREDIT_BYTES, type Message } from '@shoal/wire'
import { expect } from 'chai'
import fc from 'fast-check'
import { ReceiveCredit } from '../src/credit.js'
import { LinkMeter } from '../src/meter.js'
import { Requester } from '../src/requester.js'
import { SWARM } from './harness.js'

const BLOCKS = 6
const BLOCK_BYTES = 3000
const FRAME_BYTES = 1000
const CONTENT = Array.from({ length: BLOCKS }, (_, block) => new Uint8Array(BLOCK_BYTES).fill(block))
const REFS = Promise.all(CONTENT.map(async bytes => ({ digest: await sha256(bytes), size: BLOCK_BYTES })))

type Step =
  | { do: 'request' | 'cancel', blocks: number[] }
  | { do: 'send' | 'hear' | 'refuse' | 'wait' }

const some = fc.uniqueArray(fc.nat(BLOCKS - 1), { minLength: 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  some.map((blocks): Step => ({ do: 'request', blocks })),
  some.map((blocks): Step => ({ do: 'cancel', blocks })),
  { arbitrary: fc.constant<Step>({ do: 'send' }), weight: 6 },
  { arbitrary: fc.constant<Step>({ do: 'hear' }), weight: 3 },
  fc.constantFrom<Step>({ do: 'refuse' }, { do: 'wait' })
)

/** The other end, as the protocol has it: FIFO, one block at a time, hears of requests and cancels only when `hear` is called. */
class Peer {
  readonly mail: Message[] = []
  queue: { id: number, block: number, offset: number }[] = []
  credit = MIN_CREDIT_BYTES
  sent = 0

  hear (): void {
    for (const message of this.mail.splice(0)) {
      if (message.type === 'request') this.queue.push(...message.blocks.map(block => ({ id: message.id, block, offset: 0 })))
      if (message.type === 'cancel') this.queue = this.queue.filter(item => item.id !== message.id || !message.blocks.includes(item.block))
      if (message.type === 'credit') this.credit += message.bytes
    }
  }

  send (requester: Requester): boolean {
    const item = this.queue[0]
    if (item === undefined || this.credit < FRAME_BYTES) return false
    const bytes = CONTENT[item.block]?.subarray(item.offset, item.offset + FRAME_BYTES) as Uint8Array
    this.credit -= bytes.byteLength
    this.sent += bytes.byteLength
    requester.data({ id: item.id, block: item.block, offset: item.offset, total: BLOCK_BYTES }, bytes.byteLength)
    requester.piece(bytes.subarray(0, 300))
    requester.piece(bytes.subarray(300))
    item.offset += bytes.byteLength
    if (item.offset === BLOCK_BYTES) this.queue.shift()
    return true
  }
}

describe('exchange: requester', () => {
  it('no sequence of requests, cancels, duplicates and refusals loses credit or an answer', async () => {
    const refs = await REFS
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), fc.boolean(), async (steps, closes) => {
      const clock = new ManualClock()
      const peer = new Peer()
      const credit = new ReceiveCredit(MIN_CREDIT_BYTES)
      const answers: SessionEvent[] = []
      const faults: string[] = []
      const requester = new Requester({
        session: {} as Session,
        clock,
        emit: event => { answers.push(event) },
        send: message => { peer.mail.push(message) },
        corrupt: detail => { faults.push(detail) },
        fail: reason => { faults.push(reason) },
        busy: () => {},
        progress: () => {}
      }, credit, new LinkMeter(MIN_CREDIT_BYTES), MIN_CREDIT_BYTES)
      // what is owed an answer, by block
      const open = new Set<number>()
      function check (): void {
        for (const event of answers.splice(0)) {
          const block = event.type === 'block' || event.type === 'refused' ? event.place.block : -1
          expect(open.delete(block), `one answer for block ${block}`).to.equal(true)
        }
        expect(credit.allowed + credit.unsettled + credit.owed).to.equal(credit.window)
      }
      async function settle (): Promise<void> {
        for (let i = 0; i < 500 && credit.unsettled > 0; i++) await new Promise(resolve => setTimeout(resolve, 0))
        check()
      }
      for (const step of steps) {
        clock.advance(1)
        if (step.do === 'request') {
          requester.request(SWARM, 1, 0, step.blocks, step.blocks.map(block => refs[block] ?? { digest: new Uint8Array(32) }))
          for (const block of step.blocks) open.add(block)
        } else if (step.do === 'cancel') {
          requester.cancel(SWARM, 0, step.blocks)
          check()
          for (const block of step.blocks) open.delete(block)
        } else if (step.do === 'send') {
          peer.send(requester)
        } else if (step.do === 'hear') {
          peer.hear()
        } else if (step.do === 'refuse') {
          const item = peer.queue.shift()
          if (item !== undefined) requester.refused({ type: 'refuse', id: item.id, reason: 'choked', blocks: [item.block] })
        } else {
          await new Promise(resolve => setTimeout(resolve, 0))
        }
        check()
      }
      if (closes) {
        expect(requester.close().map(place => place.block).sort()).to.deep.equal([...open].sort())
        expect(requester.close()).to.deep.equal([])
        return
      }
      do peer.hear()
      while (peer.send(requester))
      // all that was sent is verified or binned by now, and nothing is owed any more
      for (let i = 0; i < 500 && (credit.unsettled > BLOCK_BYTES * BLOCKS || open.size > 0); i++) await settle()
      await settle()
      expect(faults).to.deep.equal([])
      expect([...open]).to.deep.equal([])
      expect(credit.unsettled).to.equal(0)
      expect(requester.outstanding).to.equal(0)
      expect(requester.received + requester.wasted).to.equal(peer.sent)
    }), { numRuns: 200 })
  }).timeout(20_000)
})
