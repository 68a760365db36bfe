import { WireError } from '@shoal/interface'
import { MAX_CREDIT_BYTES, MIN_CREDIT_BYTES } from '@shoal/wire'
import { expect } from 'chai'
import fc from 'fast-check'
import { ReceiveCredit, SendCredit } from '../src/credit.js'

type Step = { do: 'send', bytes: number } | { do: 'settle', share: number } | { do: 'grow', to: number } | { do: 'grant' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 1, max: 60_000 }).map((bytes): Step => ({ do: 'send', bytes })),
  fc.integer({ min: 0, max: 100 }).map((share): Step => ({ do: 'settle', share })),
  fc.integer({ min: 0, max: 4 * 2 ** 20 }).map((to): Step => ({ do: 'grow', to })),
  fc.constant<Step>({ do: 'grant' })
)

describe('exchange: credit', () => {
  it('no sequence loses or doubles a byte', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const receive = new ReceiveCredit(MIN_CREDIT_BYTES)
      const send = new SendCredit(MIN_CREDIT_BYTES)
      for (const step of steps) {
        if (step.do === 'send') {
          const bytes = Math.min(step.bytes, send.available)
          send.spend(bytes)
          receive.receive(bytes)
        } else if (step.do === 'settle') {
          receive.settle(Math.floor(receive.unsettled * step.share / 100))
        } else if (step.do === 'grow') {
          receive.grow(step.to)
        } else {
          send.grant(receive.take())
        }
        expect(receive.allowed + receive.unsettled + receive.owed).to.equal(receive.window)
        expect(send.available).to.equal(receive.allowed)
      }
    }))
  })

  it('a sender is never left without credit for a frame once all but one block is settled', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 262_144 }), { maxLength: 50 })
    fc.assert(fc.property(sizes, fc.integer({ min: 1, max: 60_000 }), (blocks, frame) => {
      const receive = new ReceiveCredit(MIN_CREDIT_BYTES)
      for (const block of blocks) {
        for (let left = block; left > 0; left -= frame) receive.receive(Math.min(frame, left))
        receive.settle(block)
        receive.take()
      }
    }))
  })

  it('bytes past the credit are a violation', () => {
    const receive = new ReceiveCredit(MIN_CREDIT_BYTES)
    receive.receive(MIN_CREDIT_BYTES)
    expect(() => { receive.receive(1) }).to.throw(WireError)
  })

  it('credit beyond any window is a violation', () => {
    const send = new SendCredit(MIN_CREDIT_BYTES)
    expect(() => { send.grant(MAX_CREDIT_BYTES) }).to.throw(WireError)
  })
})
