import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { formatBytes, formatSeconds, table } from '../src/format.js'
import { Progress } from '../src/progress.js'

describe('progress', () => {
  const report = (done: number): Parameters<Progress['report']>[0] => ({ doing: 'fetching x', done, total: 1000_000, notes: ['3 peers'] })

  it('repaints a bar on a terminal, no more often than it can be seen', () => {
    const clock = new ManualClock()
    let text = ''
    const progress = new Progress({ isTTY: true, columns: 200, write: more => { text += more } }, clock)
    progress.report(report(0))
    progress.report(report(1))
    expect(text.split('\r')).to.have.length(2)
    clock.advance(1000)
    progress.report(report(500_000))
    const last = text.split('\r').at(-1) ?? ''
    expect(last).to.contain('████████████░░░░░░░░░░░░').and.contain('50 %').and.contain('500 kB of 1.00 MB').and.contain('left').and.contain('3 peers')
    expect(last).to.not.contain('\n')
    progress.clear()
    expect(text.endsWith('\r\x1b[K')).to.equal(true)
  })

  it('never wraps', () => {
    let text = ''
    new Progress({ isTTY: true, columns: 30, write: more => { text += more } }, new ManualClock()).report(report(3))
    expect(text.replace('\r', '').replace('\x1b[K', '')).to.have.length(29)
  })

  it('writes a line every few seconds elsewhere, when there is news', () => {
    const clock = new ManualClock()
    const lines: string[] = []
    const progress = new Progress({ write: line => lines.push(line) }, clock)
    for (let s = 0; s <= 12; s++) {
      progress.report(report(Math.min(s, 5) * 100_000))
      clock.advance(1000)
    }
    expect(lines).to.have.length(2)
    expect(lines[0]).to.match(/^fetching x: 50 %, 500 kB of 1.00 MB, \d+ kB\/s, 0:\d\d left, 3 peers\n$/)
  })

  it('takes what was there before for no progress', () => {
    const clock = new ManualClock()
    let text = ''
    const progress = new Progress({ isTTY: true, columns: 200, write: more => { text += more } }, clock)
    progress.report(report(900_000))
    clock.advance(500)
    progress.report(report(900_000))
    expect(text).to.contain(' 0 B/s')
  })
})

describe('format', () => {
  it('bytes', () => {
    expect([0, 999, 1000, 9994, 99_949, 999_499, 999_500, 1.5e9, 2e18, Infinity].map(formatBytes)).to.deep.equal(
      ['0 B', '999 B', '1.00 kB', '9.99 kB', '99.9 kB', '999 kB', '1.00 MB', '1.50 GB', '2000 PB', 'unlimited'])
  })

  it('times', () => {
    expect([0, 61.4, 3600, 86_399].map(formatSeconds)).to.deep.equal(['0:00', '1:01', '1:00:00', '23:59:59'])
  })

  it('tables', () => {
    expect(table([['A', 'N'], ['long', '10'], ['x\x1b', '5']], [1])).to.equal('A      N\nlong  10\nx?     5')
  })
})

describe('the binary', () => {
  const bin = fileURLToPath(new URL('../src/bin.js', import.meta.url))
  const shoal = (...argv: string[]): { status: number | null, stdout: string, stderr: string } => spawnSync(process.execPath, [bin, ...argv], { encoding: 'utf8' })

  it('keeps results, errors and exit codes apart', () => {
    expect(shoal('--version')).to.include({ status: 0, stderr: '' }).with.property('stdout').that.matches(/^\d+\.\d+\.\d+\n$/)
    expect(shoal('ftech')).to.include({ status: 2, stdout: '', stderr: "shoal: unknown command 'ftech'. Did you mean 'fetch'? See 'shoal help'\n" })
    const { status, stdout } = shoal('status', '--json', '--data', '/nowhere')
    expect(status).to.equal(1)
    expect(JSON.parse(stdout)).to.have.nested.property('error.code', 'ERR_NOT_RUNNING')
  })
})
