import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createShoal } from 'shoal'
import type { Shoal, ShoalOptions } from '@shoal/interface'
import { main } from '../src/main.js'
import { folder } from './support/run.js'

interface Ran { readonly code: number, readonly lines: Record<string, unknown>[], readonly err: string }

interface RunOptions {
  signal?: AbortSignal
  /** Told each line of `--json`. */
  online?: (line: unknown) => void
}

/** With real nodes, for what matters is that what comes out can go in. */
async function run (argv: readonly string[], { signal = new AbortController().signal, online = () => {} }: RunOptions = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await main({
    argv,
    env: {},
    cwd: '/',
    stdout: {
      write (text: string, done?: () => void) {
        out += text
        done?.()
        if (text.startsWith('{')) online(JSON.parse(text))
      }
    },
    stderr: { write (text: string) { err += text } },
    signal,
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

  it('serve gives what is published here at /ipfs of its gateway', async () => {
    const [data, files] = [folder(), folder()]
    writeFileSync(join(files, 'a.bin'), randomBytes(300_000))
    const stop = new AbortController()
    const { root } = (await run(['publish', join(files, 'a.bin'), '--data', data, '--once', '--json'])).lines[0] as { root: string }
    const { promise: serving, resolve } = Promise.withResolvers<{ gateway: string }>()
    const done = run(['serve', '--data', data, '--gateway', '127.0.0.1:0', '--metrics', 'off', '--ipfs', 'gateway', '--json'], {
      signal: stop.signal, online: line => { resolve(line as { gateway: string }) }
    })
    const { gateway } = await Promise.race([serving, done.then(({ err }) => { throw new Error(err) })])
    const car = await fetch(`${gateway}/ipfs/${root}?format=car`)
    expect([car.status, car.headers.get('content-type')?.split(';')[0]]).to.deep.equal([200, 'application/vnd.ipld.car'])
    const bytes = Buffer.from(await car.arrayBuffer())
    expect((await fetch(`${gateway}/ipfs/${root}`)).status).to.equal(406)
    stop.abort()
    expect((await done).code).to.equal(0)
    const file = join(folder(), 'a.car')
    writeFileSync(file, bytes)
    const imported = await run(['import', file, '--data', folder(), '--once', '--json'])
    expect(imported.lines[0], imported.err).to.include({ root, bytes: 300_000 })
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
