import { DataInUseError } from '@shoal/interface'
import { expect } from 'chai'
import { failure } from './blocks.js'
import { compliance } from './compliance.js'
import { opfsStore } from './opfs-store.js'

if (typeof navigator !== 'undefined' && 'storage' in navigator) {
  let count = 0
  let name = ''

  compliance('OPFS', {
    async create (init) {
      name = `shoal-test-${count++}`
      return opfsStore({ ...init, name })
    },
    again: async init => opfsStore({ ...init, name }),
    async clean () { await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true }) },
    runs: 5
  })

  describe('OPFS store', () => {
    it('is owned by one page at a time', async () => {
      const [store, other] = [opfsStore({ name: 'shoal-test-owned', quota: Infinity }), opfsStore({ name: 'shoal-test-owned', quota: Infinity })]
      await store.open()
      expect(await failure(other.open())).to.be.instanceOf(DataInUseError)
      await store.close()
    })
  })
}
