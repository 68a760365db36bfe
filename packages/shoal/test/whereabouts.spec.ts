import { expect } from 'chai'
import { placeOf, whereabouts, type Witnessing } from '../src/whereabouts.js'

type Listener = Parameters<Witnessing['addEventListener']>[1]

describe('whereabouts', () => {
  function setup (region?: string) {
    let listener: Listener = () => {}
    const where = whereabouts({ addEventListener: (_type, heard) => { listener = heard } }, region)
    const say = (peerId: string, observedAddr: string | undefined, limits?: unknown): void => {
      listener({ detail: { peerId, observedAddr, connection: { limits } } })
    }
    return { where, say }
  }

  it('are what most peers see, and one voice a peer', () => {
    const { where, say } = setup()
    expect(where()).to.deep.equal({ site: undefined, region: undefined })
    for (let i = 0; i < 50; i++) say('liar', `/ip4/8.8.8.${i}/tcp/1`)
    say('a', '/ip4/93.184.216.34/tcp/4000')
    say('b', '/ip4/93.184.216.34/tcp/5000/ws')
    expect(where()).to.deep.equal({ site: '93.184.216.34', region: '93.184' })
    for (let i = 0; i < 100; i++) say(`c${i}`, undefined)
    say('d', '/ip4/10.1.2.3/tcp/1')
    expect(where().site, 'from inside').to.equal('93.184.216.34')
  })

  it('are the subnet where nobody is outside, and this machine at last', () => {
    const { where, say } = setup()
    say('a', '/ip4/127.0.0.1/tcp/1')
    expect(where()).to.deep.equal({ site: 'loopback', region: 'loopback' })
    say('b', '/ip4/10.1.2.3/tcp/1')
    expect(where()).to.deep.equal({ site: '10.1.2', region: 'private' })
  })

  it('do not follow from what comes through a relay, nor from names', () => {
    const { where, say } = setup()
    say('a', '/ip4/93.184.216.34/tcp/1', {})
    say('b', '/ip4/93.184.216.34/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5/p2p-circuit')
    say('c', '/dns4/example.com/tcp/1')
    expect(where().site).to.equal(undefined)
  })

  it('have the region that the operator says', () => {
    const { where, say } = setup('branch 7')
    say('a', '/ip4/93.184.216.34/tcp/4000')
    expect(where()).to.deep.equal({ site: '93.184.216.34', region: 'branch 7' })
  })

  it('know the prefixes of IPv6', () => {
    expect(placeOf('/ip6/2a00:1450:7:1::5/tcp/1')).to.include({ site: '2a00.1450.7', region: '2a00.1450', scope: 'public' })
    expect(placeOf('/ip6/2a00:1450::5/tcp/1')).to.include({ site: '2a00.1450.0', region: '2a00.1450' })
    expect(placeOf('/ip6/fd00:1:2:3::5/tcp/1')).to.include({ site: 'fd00.1.2.3', region: 'private' })
    expect(placeOf('/ip6/::1/tcp/1')).to.include({ site: 'loopback' })
    expect(placeOf('nonsense')).to.equal(undefined)
  })
})
