import { expect } from 'chai'
import { Append } from '../src/packs/append.js'
import type { FileIo, IoError } from '../src/packs/io.js'

type Done = (error: IoError | null, written: number) => void

/** A file whose writes end when they are told to. */
class SlowFile {
  readonly bytes = new Uint8Array(64)
  /** What was asked for: position and length of each piece. */
  readonly asked: string[] = []
  readonly #done: (() => void)[] = []
  fail: { vectors?: string, at?: number } = {}
  /** Bytes that a write of several pieces gets down at most. */
  short = Infinity

  readonly io = {
    write: (_fd: number, bytes: Uint8Array, offset: number, length: number, position: number, done: Done) => {
      this.asked.push(`${position}+${length}`)
      this.#done.push(() => {
        if (this.fail.at === position) done(Object.assign(new Error('refused'), { code: 'EIO' }), 0)
        else {
          this.bytes.set(bytes.subarray(offset, offset + length), position)
          done(null, length)
        }
      })
    },
    writev: (_fd: number, pieces: readonly Uint8Array[], position: number, done: Done) => {
      this.asked.push(`${position}+${pieces.map(({ byteLength }) => byteLength).join('+')}`)
      this.#done.push(() => {
        if (this.fail.vectors !== undefined) done(Object.assign(new Error('refused'), { code: this.fail.vectors }), 0)
        else {
          const all = pieces.flatMap(piece => [...piece]).slice(0, this.short)
          this.bytes.set(all, position)
          done(null, all.length)
        }
      })
    }
  } as unknown as FileIo

  /** Ends all writes, one after the other, those that follow included. */
  async drain (): Promise<void> {
    for (let next = this.#done.shift(); next !== undefined; next = this.#done.shift()) {
      next()
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
  }
}

const piece = (byte: number, length = 4): Uint8Array => new Uint8Array(length).fill(byte)

describe('writes to one file', () => {
  it('go together when they lie one behind the other and came while one was under way', async () => {
    const file = new SlowFile()
    const append = new Append(file.io, 1)
    const writes = [0, 4, 8, 20, 12].map((position, i) => append.write(piece(i + 1), position))
    await file.drain()
    await Promise.all(writes)
    expect(file.asked).to.deep.equal(['0+4', '4+4+4', '20+4', '12+4'])
    expect([...file.bytes.subarray(0, 24)].join('')).to.equal('111122223333555500004444')
  })

  it('are bounded', async () => {
    const file = new SlowFile()
    const writev: FileIo['writev'] = (_fd, pieces, _at, done) => {
      file.asked.push(String(pieces.length))
      done(null, 400_000 * pieces.length)
    }
    const append = new Append({ ...file.io, writev }, 1)
    const writes = [append.write(piece(1), 0)]
    for (let i = 0; i < 6; i++) writes.push(append.write(piece(2, 400_000), 4 + 400_000 * i))
    await file.drain()
    await Promise.all(writes)
    expect(file.asked).to.deep.equal(['0+4', '2', '2', '2'])
  })

  it('are made one by one when they fail together, so that each has its own end', async () => {
    for (const how of [{ vectors: 'ENOSPC' }, { short: 6 }]) {
      const file = new SlowFile()
      file.fail = { ...how, at: 8 }
      file.short = how.short ?? Infinity
      const append = new Append(file.io, 1)
      const writes = [0, 4, 8, 12].map(position => append.write(piece(7), position).then(() => 'ok', (error: IoError) => error.code))
      await file.drain()
      expect(await Promise.all(writes)).to.deep.equal(['ok', 'ok', 'EIO', 'ok'])
      expect(file.asked).to.deep.equal(['0+4', '4+4+4+4', '4+4', '8+4', '12+4'])
    }
  })

  it('go on after a failure', async () => {
    const file = new SlowFile()
    file.fail = { at: 0 }
    const append = new Append(file.io, 1)
    const failed = append.write(piece(1), 0).then(() => 'ok', () => 'failed')
    await file.drain()
    expect(await failed).to.equal('failed')
    const next = append.write(piece(2), 4)
    await file.drain()
    await next
    expect([...file.bytes.subarray(0, 8)].join('')).to.equal('00002222')
  })
})
