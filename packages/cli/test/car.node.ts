import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createShoal } from 'shoal'
import type { Shoal, ShoalOptions } from '@shoal/interface'
import { main } from '../src/main.js'
import { folder } from './support/run.js'

interface Ran { readonly code: number, readonly lines: Record<string, unknown>[], readonly err: string }

/** With real nodes, for what matters is that what comes out can go in. */
async function run (argv: readonly string[]): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await main({
    argv,
    env: {},
    cwd: '/',
    stdout: { write (text: string, done?: () => void) { out += text; done?.() } },
    stderr: { write (text: string) { err += text } },
    signal: new AbortController().signal,
    createNode: async (options: ShoalOptions): Promise<Shoal> => await createShoal({ ...options, listen: ['/ip4/127.0.0.1/tcp/0'] })
  })
  return { code, err, lines: out.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Record<string, unknown>) }
}

describe('export and import', () => {
  it('carry a content through a CAR file, and keep its root', async () => {
    const [data, other, files] = [folder(), folder(), folder()]
    writeFileSync(join(files, 'a.bin'), randomBytes(600_000))
    writeFileSync(join(files, 'b.txt'), 'hello')
    const published = await run(['publish', files, '--name', 'show', '--data', data, '--once', '--json'])
    expect(published.code, published.err).to.equal(0)
    const [{ link, root, bytes } = {}] = published.lines
    const out = join(folder(), 'show.car')
    const exported = await run(['export', link as string, '-o', out, '--data', data, '--json'])
    expect(exported.code, exported.err).to.equal(0)
    expect(exported.lines[0]).to.include({ root, out })
    const imported = await run(['import', out, '--data', other, '--once', '--json'])
    expect(imported.code, imported.err).to.equal(0)
    expect(imported.lines[0]).to.include({ root, bytes, segments: 2 })
  })

  it('say what is missing, and leave nothing half-written', async () => {
    expect((await run(['export', 'shoal:x'])).code).to.equal(2)
    expect((await run(['import', 'x.car', '--once'])).code).to.equal(2)
    const none = await run(['import', '/nowhere/x.car', '--json'])
    expect([none.code, (none.lines[0]?.['error'] as { code: string }).code]).to.deep.equal([1, 'ERR_CAR'])
    const [data, files] = [folder(), folder()]
    writeFileSync(join(files, 'a.bin'), randomBytes(1000))
    const { lines: [{ link } = {}] } = await run(['publish', files, '--data', data, '--once', '--json'])
    const out = join(folder(), 'no', 'such', 'folder.car')
    const failed = await run(['export', link as string, '-o', out, '--data', data, '--json'])
    expect([failed.code, (failed.lines[0]?.['error'] as { code: string }).code]).to.deep.equal([1, 'ERR_STORE'])
    expect(existsSync(out)).to.equal(false)
    expect(readdirSync(files)).to.deep.equal(['a.bin'])
  })
})
