import { fromHex, toHex } from '@shoal/base'
import { LedgerError } from './errors.js'
import { SWARMS_PER_PEER } from './defaults.js'
import type { PeerRecord, SwarmAccount } from './types.js'

/** First byte of a record. */
const VERSION = 1
const SWARM_BYTES = 32
/** Amounts with a fraction are kept to the hundredth. */
const FRACTION = 100
/** Bytes of the largest number: 53 bits, 7 in each. */
const MAX_NUMBER_BYTES = 8

const WHOLE = ['at', 'received', 'sent', 'wasted', 'useful', 'corrupt', 'bannedUntil'] as const
const FRACTIONS = ['given', 'taken', 'latency', 'penalty'] as const
const NUMBERS = WHOLE.length + FRACTIONS.length

/**
 * A record as bytes: the version, then unsigned LEB128 numbers in the order above, then the number of swarms and for each its id and what
 * it gave and took. About 90 bytes with one swarm.
 */
export function encodeRecord (record: PeerRecord): Uint8Array {
  const bytes = new Uint8Array(2 + NUMBERS * MAX_NUMBER_BYTES + record.swarms.length * (SWARM_BYTES + 2 * MAX_NUMBER_BYTES))
  bytes[0] = VERSION
  let at = 1
  for (const field of WHOLE) at = write(bytes, at, record[field])
  for (const field of FRACTIONS) at = write(bytes, at, record[field] * FRACTION)
  bytes[at++] = record.swarms.length
  for (const { swarm, received, sent } of record.swarms) {
    bytes.set(fromHex(swarm) ?? [], at)
    at = write(bytes, at + SWARM_BYTES, received)
    at = write(bytes, at, sent)
  }
  return bytes.slice(0, at)
}

/** @throws LedgerError when it is not what `encodeRecord` makes */
export function decodeRecord (bytes: Uint8Array): PeerRecord {
  const reader = new Reader(bytes)
  const version = reader.byte()
  if (version !== VERSION) throw new LedgerError(`expected a record of version ${VERSION}, got ${version}`)
  const numbers = {} as Record<typeof WHOLE[number] | typeof FRACTIONS[number], number>
  for (const field of WHOLE) numbers[field] = reader.number()
  for (const field of FRACTIONS) numbers[field] = reader.number() / FRACTION
  const count = reader.byte()
  if (count > SWARMS_PER_PEER) throw new LedgerError(`expected at most ${SWARMS_PER_PEER} swarms, got ${count}`)
  const swarms: SwarmAccount[] = []
  for (let i = 0; i < count; i++) swarms.push({ swarm: toHex(reader.take(SWARM_BYTES)), received: reader.number(), sent: reader.number() })
  reader.end()
  return { ...numbers, swarms }
}

/** Returns where the next one begins. */
function write (bytes: Uint8Array, at: number, value: number): number {
  let rest = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(value)))
  while (rest >= 0x80) {
    bytes[at++] = rest % 0x80 + 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[at++] = rest
  return at
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte (): number {
    return this.take(1)[0] as number
  }

  take (length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    if (taken.byteLength < length) throw new LedgerError(`expected ${length} more bytes, got ${taken.byteLength}`)
    this.#at += length
    return taken
  }

  number (): number {
    let value = 0
    for (let i = 0, scale = 1; i < MAX_NUMBER_BYTES; i++, scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
    }
    throw new LedgerError('expected a number of at most 53 bits')
  }

  end (): void {
    if (this.#at < this.#bytes.byteLength) throw new LedgerError(`expected the record's end, got ${this.#bytes.byteLength - this.#at} more bytes`)
  }
}
