/** What an operator may get wrong, through the library and the command line: links, addresses, folders, ports, paths. */

import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import type { Checks } from '../../support/checks.ts'
import { shoal, type ShoalProcess } from '../../support/processes.ts'
import { expect, within } from '../../support/waiting.ts'
import { at, expectError, expectServes, failure, later, LOOPBACK, node, randomBytes } from './bench.ts'

const UNKNOWN = 'shoal:bafyreiac3d4rwtmvpnbbedcfvkmcgoxpzpaqkl7hlvewfpbb6znolr4rqi'
const NOBODY = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWBDSm4QPhUh2EbiSRon1uYaH277W4WNzCnuCKmwzaAJG5'
const NETWORKLESS = ['--listen', LOOPBACK]

/** A command line and what it has to end with. */
interface Wrong {
  readonly name: string
  readonly args: readonly string[]
  readonly exit: 1 | 2
  readonly code: string
  /** What the message has to say. */
  readonly words: readonly string[]
}

export async function operator (checks: Checks): Promise<void> {
  const file = at('plain.txt')
  const folder = at('with-a-dangling-link')
  const bytes = randomBytes(100_000)
  await writeFile(file, bytes)
  await mkdir(folder)
  await symlink('/nowhere/at/all', `${folder}/dangling`)
  await mkdir(at('empty'))
  await mkdir(at('taken.bin'))

  const port = await takenPort()
  const data = at('owned')
  const owner = await node({ data })
  const { link, manifest } = await owner.publish(file)
  const here = owner.addrs[0] as string

  await checks.check('the library says what is wrong with a link', async () => {
    for (const wrong of ['', 'nonsense', 'shoal:', 'shoal:bafynonsense', 'https://example.com/', `${UNKNOWN}?addr=nowhere`, `${UNKNOWN}?speed=9`]) {
      expectError(await failure(owner.open(wrong), wrong), 'ERR_INVALID_LINK')
    }
  })
  await checks.check('the library says that a data folder or a port is taken', async () => {
    expectError(await failure(node({ data }), 'the same folder twice'), 'ERR_DATA_IN_USE', data)
    expectError(await failure(node({ listen: [`/ip4/127.0.0.1/tcp/${port}`] }), 'a taken port'), 'ERR_LISTEN', `/ip4/127.0.0.1/tcp/${port}`)
    expectError(await failure(node({ listen: ['/nonsense'] }), 'no address'), 'ERR_CONFIG', '/nonsense')
    expectError(await failure(node({ data: file }), 'a file as data folder'), 'ERR_STORE', file)
    // what failed to start has let go of everything
    const again = at('let-go')
    await failure(node({ data: again, listen: [`/ip4/127.0.0.1/tcp/${port}`] }), 'a taken port')
    await (await node({ data: again })).stop()
  })
  await checks.check('the library says that no bootstrap node answers, and lives on', async () => {
    const lonely = await node({ bootstrap: [NOBODY] })
    expectError(await within(15, failure(lonely.open(UNKNOWN), 'opening'), 'an error'), 'ERR_BOOTSTRAP', NOBODY)
    expect(lonely.said.errors.some(({ error }) => error.message.includes(NOBODY)), 'no event names the address')
    const kept = await lonely.publishBytes(new Map([['kept.mp4', bytes]]), { name: 'kept.mp4' })
    await expectServes(lonely, kept.manifest, 'kept.mp4', bytes)
  })

  const out = ['-o', at('never'), ...NETWORKLESS]
  const serving = ['--gateway', 'off', '--metrics', 'off']
  const wrongs: Wrong[] = [
    { name: 'fetch of no link', args: ['fetch', 'nonsense', ...out], exit: 2, code: 'ERR_INVALID_LINK', words: ['nonsense'] },
    { name: 'fetch of a cut link', args: ['fetch', 'shoal:bafyreiac3d4', ...out], exit: 2, code: 'ERR_INVALID_LINK', words: ['bafyreiac3d4'] },
    {
      name: 'fetch of a link that nobody knows',
      args: ['fetch', UNKNOWN, ...out, '--bootstrap', here, '--timeout', '3'],
      exit: 1,
      code: 'ERR_NOT_FOUND',
      words: [UNKNOWN, '3 s']
    },
    { name: 'fetch by a bootstrap node that does not answer', args: ['fetch', UNKNOWN, ...out, '--bootstrap', NOBODY], exit: 1, code: 'ERR_BOOTSTRAP', words: [NOBODY] },
    { name: 'fetch by a bootstrap address that is none', args: ['fetch', UNKNOWN, ...out, '--bootstrap', 'nowhere'], exit: 2, code: 'ERR_CONFIG', words: ['nowhere'] },
    { name: 'fetch without OUT', args: ['fetch', UNKNOWN], exit: 2, code: 'ERR_USAGE', words: ['-o OUT'] },
    { name: 'fetch below a file', args: ['fetch', link, '-o', `${file}/copy`, ...NETWORKLESS], exit: 1, code: 'ERR_STORE', words: [`${file}/copy`] },
    { name: 'fetch onto a folder', args: ['fetch', link, '-o', at('taken.bin'), ...NETWORKLESS], exit: 1, code: 'ERR_STORE', words: [at('taken.bin'), 'folder'] },
    { name: 'publish of what is not there', args: ['publish', at('missing'), ...NETWORKLESS], exit: 1, code: 'ERR_PUBLISH', words: [at('missing')] },
    { name: 'publish of a folder with a dangling link', args: ['publish', folder, ...NETWORKLESS], exit: 1, code: 'ERR_PUBLISH', words: ['dangling'] },
    { name: 'publish of an empty folder', args: ['publish', at('empty'), ...NETWORKLESS], exit: 1, code: 'ERR_PUBLISH', words: [at('empty')] },
    { name: 'publish into a data folder in use', args: ['publish', file, '--data', data, ...NETWORKLESS], exit: 1, code: 'ERR_DATA_IN_USE', words: [data] },
    { name: 'serve on a data folder in use', args: ['serve', '--data', data, ...NETWORKLESS, ...serving], exit: 1, code: 'ERR_DATA_IN_USE', words: [data] },
    { name: 'serve on a data folder that is a file', args: ['serve', '--data', file, ...NETWORKLESS, ...serving], exit: 1, code: 'ERR_STORE', words: [file] },
    {
      name: 'serve on a port in use',
      args: ['serve', '--data', at('s1'), '--listen', `/ip4/127.0.0.1/tcp/${port}`, ...serving],
      exit: 1,
      code: 'ERR_LISTEN',
      words: [`/ip4/127.0.0.1/tcp/${port}`]
    },
    {
      name: 'serve with a gateway port in use',
      args: ['serve', '--data', at('s2'), ...NETWORKLESS, '--metrics', 'off', '--gateway', `127.0.0.1:${port}`],
      exit: 1,
      code: 'ERR_LISTEN',
      words: [`127.0.0.1:${port}`, '--gateway']
    },
    {
      name: 'serve with a metrics port in use',
      args: ['serve', '--data', at('s3'), ...NETWORKLESS, '--gateway', 'off', '--metrics', `127.0.0.1:${port}`],
      exit: 1,
      code: 'ERR_LISTEN',
      words: [`127.0.0.1:${port}`, '--metrics']
    },
    { name: 'status where no node runs', args: ['status', '--data', at('s4')], exit: 1, code: 'ERR_NOT_RUNNING', words: [at('s4')] }
  ]
  // a few at a time: each is a process
  const left = [...wrongs]
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let wrong = left.shift(); wrong !== undefined; wrong = left.shift()) {
      const one = wrong
      await checks.check(`shoal ${one.name}`, () => ends(shoal(...one.args), one))
    }
  }))
  await unreadable(checks, link)

  await checks.check('serve on the folder of a running serve ends, and the running one serves on', async () => {
    const folder = at('served')
    const args = ['serve', '--data', folder, ...NETWORKLESS, ...serving]
    const running = shoal(...args)
    await running.line(line => 'peerId' in line, 'its addresses')
    await ends(shoal(...args), { name: '', args, exit: 1, code: 'ERR_DATA_IN_USE', words: [folder] })
    const status = shoal('status', '--data', folder)
    await status.success()
    expect(await running.kill('SIGTERM') === 0, 'the running one did not end cleanly')
  })
  await checks.check('the owner of the folder serves on', () => expectServes(owner, manifest, 'plain.txt', bytes))
}

/** As an ordinary user: nothing is unreadable for root. */
async function unreadable (checks: Checks, link: string): Promise<void> {
  const { geteuid, seteuid } = process
  const user = geteuid?.call(process)
  const secret = at('secret.bin')
  const locked = at('locked')
  await writeFile(secret, 'x')
  await chmod(secret, 0)
  await mkdir(locked, { mode: 0o555 })
  await chmod(at('.'), 0o755)
  const as = (...args: string[]): ShoalProcess => {
    if (user === 0) seteuid?.call(process, 65534)
    try {
      return shoal(...args)
    } finally {
      if (user === 0) seteuid?.call(process, 0)
    }
  }
  const publish: Wrong = { name: 'publish of a file that may not be read', args: ['publish', secret, ...NETWORKLESS], exit: 1, code: 'ERR_PUBLISH', words: [secret] }
  const fetch: Wrong = {
    name: 'fetch into a folder that may not be written', args: ['fetch', link, '-o', `${locked}/copy`, ...NETWORKLESS], exit: 1, code: 'ERR_STORE', words: [`${locked}/copy`]
  }
  const some = [publish, fetch].map(wrong => ({ wrong, process: as(...wrong.args) }))
  for (const { wrong, process } of some) await checks.check(`shoal ${wrong.name}`, () => ends(process, wrong))
}

async function ends (process: ShoalProcess, { exit, code, words }: Wrong): Promise<void> {
  const got = await within(30, process.exited, 'its end')
  const last = process.lines.at(-1) as { error?: { code: string, message: string } } | undefined
  const missing = words.filter(word => last?.error?.message.includes(word) !== true)
  expect(got === exit && last?.error?.code === code && missing.length === 0,
    `expected exit code ${exit} and ${code} naming ${JSON.stringify(words)}, got ${got}: ${JSON.stringify(last)}\n${process.stderr}`)
  expect(process.stderr.includes(last.error.message.slice(0, 40)), `nothing about it on standard error: ${process.stderr}`)
}

async function takenPort (): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  later(() => { server.close() })
  return (server.address() as AddressInfo).port
}
