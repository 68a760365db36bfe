import { expect } from 'chai'
import { UnavailableError, type FallbackDetail } from '@shoal/interface'
import { originOnly } from '../src/browser/origin-only.js'

describe('a page that is no secure context', () => {
  it('fetches from the origin and says why', async () => {
    const shoal = originOnly()
    const said: FallbackDetail[] = []
    shoal.addEventListener('fallback', event => { said.push(event.detail) })
    expect(await (await shoal.fetch('data:text/plain,hello')).text()).to.equal('hello')
    expect(said).to.deep.equal([{ content: '', path: 'data:text/plain,hello', from: 'peer', to: 'origin', reason: 'no-secure-context' }])
  })

  it('opens and publishes nothing, for that reason', async () => {
    const shoal = originOnly()
    for (const asked of [shoal.open('shoal:x'), shoal.publish('/x'), shoal.publishBytes(new Map(), { name: 'x' })]) {
      const error: unknown = await asked.then(() => undefined, (error: unknown) => error)
      expect(error).to.be.instanceOf(UnavailableError).with.property('message').that.includes('secure context')
    }
    expect(shoal.status.total).to.deep.equal({ fromPeers: 0, fromOrigin: 0, uploaded: 0, wasted: 0 })
    await shoal.stop()
  })
})
