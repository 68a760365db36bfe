/**
 * Runs Shoal with peers that are not Shoal.
 *
 *     npm run interop                              all partners
 *     npm run interop -- go kubo [--json]          some of them
 *     npm run interop -- --quick                   those that need npm alone
 *
 * Ends with a table of what works with whom. With `--json` that is on standard error, and one JSON object is the last line of standard
 * output. A partner that fails to build, start or play along is a failure. Exit codes: 0 all is well, 1 something failed, 2 wrong usage.
 */

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { go } from './partners/go.ts'
import { helia } from './partners/helia.ts'
import { kubo } from './partners/kubo.ts'
import { libp2pV2 } from './partners/libp2p-v2.ts'
import { previous } from './partners/previous.ts'
import { py } from './partners/py.ts'
import { rust } from './partners/rust.ts'
import { shoal } from './partners/shoal.ts'
import { Cells, table } from './support/cells.ts'
import { Kubo } from './support/kubo.ts'
import { PeerProcess } from './support/peer.ts'
import type { Partner } from './support/partner.ts'
import { closePages, stopChromium, stopNodes } from './support/shoals.ts'

const partners: readonly Partner[] = [shoal, previous, helia, libp2pV2, go, rust, py, kubo]

const usage = (): string => [
  'usage: npm run interop -- [PARTNER…] [--quick] [--json]',
  '',
  ...partners.map(({ name, quick, about }) => `  ${name.padEnd(10)} ${quick ? '(quick) ' : ''}${about}`)
].join('\n')

async function clean (): Promise<void> {
  await closePages()
  await stopNodes()
  await PeerProcess.endAll()
  await Kubo.endAll()
}

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
  process.once(signal, () => { void clean().then(stopChromium).finally(() => process.exit(code)) })
}

const { values, positionals } = parseArgs({
  allowPositionals: true, options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } }
})
const unknown = positionals.filter(name => !partners.some(partner => partner.name === name))
if (values.help || unknown.length > 0) {
  console.error(unknown.length > 0 ? `there is no partner ${unknown.join(', ')}\n\n${usage()}` : usage())
  process.exit(values.help ? 0 : 2)
}

const say = (line: string): void => { (values.json ? process.stderr : process.stdout).write(`${line}\n`) }
const root = fileURLToPath(new URL('..', import.meta.url))
const built = spawnSync(process.execPath, ['node_modules/typescript-native/bin/tsc', '-b'], { cwd: root, stdio: ['ignore', 2, 2] })
if (built.status !== 0) throw new Error('the packages could not be built')

const cells = new Cells(say)
const begun = performance.now()
const seconds: Record<string, number> = {}
for (const partner of partners) {
  const { name, title } = partner
  if (positionals.length > 0 ? !positionals.includes(name) : values.quick && !partner.quick) continue
  const start = performance.now()
  say(`\n── ${name} ──`)
  const why = partner.missing()
  if (why !== undefined) {
    say(`\n!! ${name} was NOT run: ${why}`)
    cells.skip(title, 'Node.js', 'all', why)
    continue
  }
  if (await cells.check(title, 'Node.js', 'builds', () => partner.prepare())) {
    try {
      await partner.run(cells)
    } catch (error) {
      await cells.check(title, 'Node.js', 'runs', () => Promise.reject(error as Error))
    } finally {
      await clean()
    }
  }
  seconds[name] = Math.round((performance.now() - start) / 1000)
}
await stopChromium()

const count = (state: string): number => cells.cells.filter(cell => cell.state === state).length
const total = Math.round((performance.now() - begun) / 1000)
say(`\n${table(cells.cells)}\n`)
say(`${Object.entries(seconds).map(([name, took]) => `${name} ${took} s`).join(', ')}; ${total} s in all`)
const failed = count('failed')
if (values.json) {
  process.stdout.write(`${JSON.stringify({ interop: { ok: failed === 0, passed: count('ok'), failed, skipped: count('skipped'), seconds: { ...seconds, total } }, cells: cells.cells })}\n`)
}
say(`\n${count('ok')} passed, ${failed} failed${count('skipped') > 0 ? `, ${count('skipped')} skipped` : ''}`)
process.exitCode = failed === 0 && count('ok') > 0 ? 0 : 1
