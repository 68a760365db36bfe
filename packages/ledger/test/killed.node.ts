import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { LevelDatastore } from 'datastore-level'
import { systemClock } from '@shoal/base'
import { openLedger } from '../src/ledger.js'

const VICTIM = fileURLToPath(new URL('victim.js', import.meta.url))

describe('ledger, when its process is killed', () => {
  let folder: string

  beforeEach(async () => { folder = await fs.mkdtemp(path.join(os.tmpdir(), 'shoal-ledger-')) })
  afterEach(async () => { await fs.rm(folder, { recursive: true, force: true }) })

  it('knows what was flushed', async function () {
    this.timeout(20_000)
    let flushed = 0
    for (let round = 0; round < 2; round++) {
      const victim = spawn(process.execPath, [VICTIM, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
      const closed = once(victim, 'close')
      let output = ''
      victim.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
      try {
        while (output.split('\n').length < 5 + 20 * round) await once(victim.stdout, 'data')
      } finally {
        victim.kill('SIGKILL')
        await closed
      }
      flushed = Math.max(flushed, ...output.trim().split('\n').map(Number))
      const datastore = new LevelDatastore(folder)
      await datastore.open()
      const ledger = await openLedger({ clock: systemClock, datastore })
      expect(ledger.accounts.record('giver')?.received).to.be.at.least(flushed)
      expect(ledger.month.bytes).to.be.at.least(flushed)
      expect(ledger.accounts.banned('liar')).to.equal(true)
      await datastore.close()
    }
  })
})
