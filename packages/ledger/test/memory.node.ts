import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { seededRandom, systemClock } from '@shoal/base'
import { Accounts } from '../src/accounts.js'
import { swarmId } from './swarm-id.js'

const PEERS = 10_000
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

describe('ledger memory', () => {
  it('takes at most 256 bytes for each remembered peer, its name and two swarms included', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const used = (): number => {
      // what a first collection promotes or finalises only a second one frees
      for (let i = 0; i < 3; i++) collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    const random = seededRandom(1)
    // made of bytes, as text that came over a wire is: a string that was put together holds its parts as well
    const name = (): string => Buffer.from(Array.from({ length: 52 }, () => ALPHABET.charCodeAt(random() * ALPHABET.length))).toString('latin1')
    const fill = (): Accounts => {
      const accounts = new Accounts(systemClock, PEERS)
      for (let i = 0; i < PEERS; i++) {
        const peer = name()
        accounts.received(peer, swarmId(1), 262_144, 1, 10)
        accounts.sent(peer, swarmId(2), 262_144)
      }
      accounts.changes()
      return accounts
    }
    // once for the code itself, which V8 compiles into the same heap
    fill()
    const before = used()
    const accounts = fill()
    const each = (used() - before) / accounts.size
    expect(accounts.size).to.equal(PEERS)
    expect(each).to.be.below(256)
  })
})
