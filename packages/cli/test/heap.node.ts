import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'

/** Where it lies beside this test, once both are built. */
const HEAP = new URL('../src/heap.js', pathToFileURL(import.meta.filename)).href

/** Keeps much alive through some collections, as a program does that starts: bytes that the nursery has then. */
function nursery (before: string): number {
  const script = `${before}
    const { getHeapSpaceStatistics } = await import('node:v8')
    const kept = []
    for (let i = 0; i < 300_000; i++) kept.push({ i })
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  if (!/^\d+\s*$/.test(stdout)) throw new Error(stderr)
  return Number(stdout)
}

describe('heap', () => {
  it('has a nursery that does not grow', () => {
    expect(nursery(`await import('${HEAP}')`)).to.be.below(nursery('') / 2)
  })
})
