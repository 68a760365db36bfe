import { encodeDataHeader, encodeMessage, MAX_BLOCK_BYTES, MAX_FRAME_BYTES, MIN_CREDIT_BYTES, type Hello } from '@shoal/wire'
import type { Stream } from '@libp2p/interface'
import { expect } from 'chai'
import { EMPTY, SWARM } from './harness.js'
import { hostile, type MemoryConnection } from './memory.js'

const HELLO: Hello = { type: 'hello', version: 1, minVersion: 1, frameCap: MAX_FRAME_BYTES, credit: MIN_CREDIT_BYTES, features: 0 }

describe('exchange: hostile peers', () => {
  async function open (connection: MemoryConnection, hello: Hello = HELLO): Promise<Stream> {
    const stream = await connection.newStream('/shoal/exchange/1.0.0')
    stream.send(encodeMessage(hello))
    return stream
  }

  async function violation (attack: (control: Stream, connection: MemoryConnection) => void | Promise<void>): Promise<string> {
    const { end, connection } = await hostile()
    const control = await open(connection)
    await end.recorder.first('open')
    await attack(control, connection)
    const { reason, detail } = await end.recorder.first('penalty')
    await end.recorder.first('closed')
    expect([...end.exchange.sessions]).to.deep.equal([])
    return `${reason}: ${detail}`
  }

  it('an oversized frame', async () => {
    expect(await violation(control => { control.send(Uint8Array.of(0x13, 0, 0, 1, 0xff, 0xff, 0xff, 0xff)) })).to.match(/^protocol-violation: .*60000/)
  })

  it('a truncated frame', async () => {
    expect(await violation(async control => {
      control.send(encodeMessage({ type: 'ping', nonce: 1 }).subarray(0, 9))
      await control.close()
    })).to.match(/^protocol-violation: .*inside/)
  })

  it('garbage', async () => {
    expect(await violation(control => { control.send(new Uint8Array(100).fill(0x13)) })).to.match(/^protocol-violation/)
  })

  it('a second HELLO', async () => {
    expect(await violation(control => { control.send(encodeMessage(HELLO)) })).to.match(/^protocol-violation: .*HELLO/)
  })

  it('a third stream', async () => {
    expect(await violation(async (_, connection) => {
      await connection.newStream('/shoal/exchange/1.0.0')
      await connection.newStream('/shoal/exchange/1.0.0')
    })).to.match(/^protocol-violation: .*third/)
  })

  it('blocks that nobody asked for', async () => {
    expect(await violation(async (_, connection) => {
      const data = await connection.newStream('/shoal/exchange/1.0.0')
      data.send(encodeDataHeader({ id: 1, block: 0, offset: 0, total: 10 }, 10))
    })).to.match(/^protocol-violation: .*asked for/)
  })

  it('control on the data stream', async () => {
    expect(await violation(async (_, connection) => {
      const data = await connection.newStream('/shoal/exchange/1.0.0')
      data.send(encodeMessage({ type: 'ping', nonce: 1 }))
    })).to.match(/^protocol-violation: .*new stream/)
  })

  it('request ids that do not rise', async () => {
    expect(await violation(control => {
      control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
      control.send(encodeMessage({ type: 'have', handle: 1, delta: EMPTY, more: false, bytes: 0 }))
      const request = encodeMessage({ type: 'request', handle: 1, id: 5, segment: 0, blocks: [0] })
      control.send(request)
      control.send(request)
    })).to.match(/^protocol-violation: .*request id/)
  })

  it('more control than any session needs', async () => {
    expect(await violation(control => {
      const ping = encodeMessage({ type: 'choke', handle: 1 })
      const many = new Uint8Array(ping.byteLength * 30_000)
      for (let i = 0; i < 30_000; i++) many.set(ping, i * ping.byteLength)
      control.send(many)
    })).to.match(/^spam/)
  })

  it('a have-map without end', async () => {
    expect(await violation(control => {
      control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
      const delta = { complete: Array.from({ length: 7000 }, (_, i) => ({ start: i, count: 1 })), partial: [] }
      for (let i = 0; i < 12; i++) control.send(encodeMessage({ type: 'have', handle: 1, delta, more: true, bytes: 0 }))
    })).to.match(/^protocol-violation: .*have-map/)
  })

  it('credit without end', async () => {
    expect(await violation(control => { control.send(encodeMessage({ type: 'credit', bytes: 2 ** 32 - 1 })) })).to.match(/^protocol-violation: .*credit/)
  })

  it('more bytes than the credit', async () => {
    const { end, connection } = await hostile()
    const control = await open(connection)
    const { session } = await end.recorder.first('open')
    control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
    control.send(encodeMessage({ type: 'have', handle: 1, delta: EMPTY, more: false, bytes: 0 }))
    session.join(SWARM, { have: EMPTY })
    const refs = Array.from({ length: 20 }, () => ({ digest: new Uint8Array(32), size: MAX_BLOCK_BYTES }))
    session.request(SWARM, 0, refs.map((_, i) => i), refs)
    const data = await connection.newStream('/shoal/exchange/1.0.0')
    // all but the last bytes of each block, so that none is ever settled
    for (let block = 0; block < 20; block++) {
      for (let offset = 0; offset + 50_000 < MAX_BLOCK_BYTES; offset += 50_000) {
        data.send(encodeDataHeader({ id: 1, block, offset, total: MAX_BLOCK_BYTES }, 50_000))
        data.send(new Uint8Array(50_000))
      }
    }
    expect((await end.recorder.first('penalty')).detail).to.contain('credit')
    expect((await end.recorder.first('closed')).lost).to.have.length(20)
  })

  it('unknown frame types are passed over', async () => {
    const { end, connection, received } = await hostile()
    const control = await open(connection)
    await end.recorder.first('open')
    control.send(Uint8Array.of(0x77, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3))
    control.send(encodeMessage({ type: 'ping', nonce: 77 }))
    while (!received.some(bytes => bytes.includes(77))) await new Promise(resolve => setTimeout(resolve, 5))
    expect(end.recorder.of('penalty')).to.deep.equal([])
  })

  it('a version that we do not speak opens no session', async () => {
    const { end, connection } = await hostile()
    await open(connection, { ...HELLO, version: 9, minVersion: 9 })
    let failed = ''
    await end.exchange.connect('12D3KooWHE5SPo3Mrej9t8kRjVPaVWJLjyBmSSbXQmjWpUaPLoQr', []).catch((error: unknown) => { failed = String(error) })
    expect(failed).to.contain('versions 9 to 9')
    expect(end.recorder.events).to.deep.equal([])
  })
})
