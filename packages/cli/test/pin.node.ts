import { expect } from 'chai'
import type { ShoalOptions } from '@shoal/interface'
import { folder, run, start } from './support/run.js'
import { StubContent, StubNode } from './support/stub-node.js'

const content = (): StubContent => new StubContent('c', new Map([['a', new Uint8Array(100)]]))

describe('pin, unpin and gc', () => {
  it('run inside the node that owns the folder', async () => {
    const data = folder()
    const node = new StubNode({}, [content()])
    const server = start(['serve', '--json', '--data', data, '--gateway', 'off', '--metrics', 'off'], { createNode: () => node })
    await server.lines(1)
    const pinned = await run(['pin', 'shoal:c', '--json', '--data', data, '--origin', 'https://a.example/'])
    expect(pinned.code, pinned.err).to.equal(0)
    expect(pinned.lines).to.deep.equal([{ pinned: true, manifest: 'c', name: 'stub', bytes: 100, segments: 1 }])
    expect(node.opened[0]?.options?.origins).to.deep.equal(['https://a.example/'])
    expect(node.pinned).to.deep.equal(new Set(['shoal:c']))
    const unpinned = await run(['unpin', 'shoal:c', '--json', '--data', data])
    expect(unpinned.lines).to.deep.equal([{ pinned: false, manifest: 'c', name: 'stub', bytes: 100, segments: 1 }])
    const again = await run(['unpin', 'shoal:c', '--json', '--data', data])
    expect([again.code, again.lines]).to.deep.equal([1, [{ error: { code: 'ERR_NOT_FOUND', message: 'not pinned' } }]])
    const collected = await run(['gc', '--keep', '5MB', '--json', '--data', data])
    expect(collected.lines).to.deep.equal([{ blocks: 3, bytes: 12_288, store: { used: 10, quota: null } }])
    expect((await run(['gc', '--data', data])).out).to.equal('Removed 3 blocks, 12.3 kB; the store takes 10 B of unlimited\n')
    expect(node.collections).to.deep.equal(['5MB', undefined])
    server.stop()
    await server.done
  })

  it('run a node of their own where none runs, which listens nowhere unless it has to fetch', async () => {
    const started: ShoalOptions[] = []
    const createNode = (options: ShoalOptions): StubNode => {
      started.push(options)
      const node = new StubNode(options, [content()])
      node.pinned.add('shoal:c')
      return node
    }
    const data = folder()
    for (const args of [['pin', 'shoal:c'], ['unpin', 'shoal:c'], ['gc']]) {
      const { code, err } = await run([...args, '--data', data], { createNode })
      expect(code, err).to.equal(0)
    }
    expect(started.map(({ listen }) => listen)).to.deep.equal([undefined, [], []])
  })
})
