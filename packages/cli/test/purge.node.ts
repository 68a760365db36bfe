import { expect } from 'chai'
import { folder, run, start } from './support/run.js'
import { StubContent, StubNode } from './support/stub-node.js'

describe('purge', () => {
  it('runs inside the node that owns the folder', async () => {
    const data = folder()
    const node = new StubNode({}, [new StubContent('c', new Map([['a', new Uint8Array(100)]]))])
    const server = start(['serve', '--json', '--data', data, '--gateway', 'off', '--metrics', 'off'], { createNode: () => node })
    await server.lines(1)
    const all = await run(['purge', 'shoal:c', '--json', '--data', data])
    expect(all.code, all.err).to.equal(0)
    expect(all.lines).to.deep.equal([{ link: 'shoal:c', manifest: 'c', name: 'stub', all: true, paths: [], cids: [] }])
    const some = await run(['purge', 'shoal:c', '--path', 'a', '--path', 'b/', '--cid', 'bafy', '--reason', 'wrong', '--data', data])
    expect(some.out).to.equal('Purged of stub: 2 paths, 1 CID\n')
    expect((await run(['purge', '--tag', 'old', '--data', data])).out).to.equal('Purged stub\n')
    expect(node.purges).to.deep.equal([
      { what: 'shoal:c', options: { paths: undefined, cids: undefined, reason: undefined } },
      { what: 'shoal:c', options: { paths: ['a', 'b/'], cids: ['bafy'], reason: 'wrong' } },
      { what: { tag: 'old' }, options: { paths: undefined, cids: undefined, reason: undefined } }
    ])
    server.stop()
    await server.done
  })

  it('needs a link or a tag, and a running node', async () => {
    const data = folder()
    for (const [args, message] of [
      [[], /needs a LINK or --tag/], [['shoal:c', '--tag', 't'], /not both/], [['--tag', 't', '--path', 'a'], /whole contents/],
      [['--tag', 't', '--tag', 'u'], /one --tag/],
      [['shoal:c', 'x'], /takes \[LINK\]/]
    ] as const) {
      const { code, err } = await run(['purge', ...args, '--data', data])
      expect(code).to.equal(2)
      expect(err).to.match(message)
    }
    const { code, err } = await run(['purge', 'shoal:c', '--data', data])
    expect(code).to.equal(1)
    expect(err).to.include('no node is running')
  })
})
