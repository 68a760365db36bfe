/** An origin that answers with errors, wrong bytes or hardly at all: with a peer everything completes, without one a typed error comes. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Content } from 'shoal'
import type { Checks } from '../../support/checks.ts'
import { expect, within } from '../../support/waiting.ts'
import { at, BLOCK, expectAnswers, expectError, expectFile, failure, hash, later, linkTo, node, randomBytes, readAll, release, type TestNode } from './bench.ts'

const PATH = 'film.mp4'
const SIZE = 6 * BLOCK + 77
/** A player's patience here; the node itself gives a reader with a deadline up after 10 s without a source. */
const PATIENCE_S = 25

interface Case { readonly bytes: Uint8Array, readonly manifest: string, readonly url: string, readonly content: Content }

interface Fault {
  readonly answer: (response: ServerResponse, bytes: Uint8Array, start: number, end: number) => void
  /** What an event has to say, beside the URL. */
  readonly words: string
}

function partial (response: ServerResponse, start: number, end: number, length = end - start): void {
  const whole = end - start === SIZE
  response.writeHead(whole ? 200 : 206, { 'content-length': length, ...(whole ? {} : { 'content-range': `bytes ${start}-${end - 1}/${SIZE}` }) })
}

const faults: Record<string, Fault> = {
  '404': { answer: response => { response.writeHead(404).end('no') }, words: '404' },
  '500': { answer: response => { response.writeHead(500).end('oops') }, words: '500' },
  'wrong bytes of the right length': {
    answer: (response, _bytes, start, end) => { partial(response, start, end); response.end(randomBytes(end - start)) },
    words: 'mismatch'
  },
  'a page in place of the file': { answer: response => { response.writeHead(200).end('<html>Please log in</html>') }, words: 'in place of the' },
  'a body that is too short': {
    answer: (response, bytes, start, end) => {
      partial(response, start, end)
      response.write(bytes.subarray(start, end - 10))
      setTimeout(() => { response.destroy() }, 50)
    },
    words: ''
  },
  'a body that is too long': {
    answer: (response, bytes, start, end) => {
      partial(response, start, end, end - start + 10)
      response.end(Buffer.concat([randomBytes(10), bytes.subarray(start, end)]))
    },
    words: ''
  },
  'no headers at all': { answer: () => {}, words: 'an answer' },
  'headers and no body': { answer: (response, _bytes, start, end) => { partial(response, start, end); response.flushHeaders() }, words: 'more bytes' },
  'one byte a second': {
    answer: (response, bytes, start, end) => {
      partial(response, start, end)
      let next = start
      const timer = setInterval(() => { response.write(bytes.subarray(next, ++next)) }, 1000)
      response.once('close', () => { clearInterval(timer) })
    },
    words: ''
  }
}

const bodies = new Map<string, Uint8Array>()

export async function origins (checks: Checks): Promise<void> {
  const server = createServer((request, response) => { answer(request, response) })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  later(() => { server.closeAllConnections(); server.close() })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const [staying, leaving, accompanied, alone] = await Promise.all([node(), node(), node(), node()])
  const names = Object.keys(faults)
  const open = async (seeder: TestNode, reader: TestNode, fault: string): Promise<Case> => {
    const bytes = randomBytes(SIZE)
    const { manifest } = await seeder.publishBytes(new Map([[PATH, bytes]]), { name: PATH })
    const url = `${base}/${encodeURIComponent(fault)}/${manifest}`
    bodies.set(manifest, bytes)
    const content = await reader.open(linkTo(seeder, manifest), { origins: [url] })
    await content.stat(PATH)
    return { bytes, manifest, url, content }
  }
  // they wait most of the time: all at once
  const beside = await Promise.all(names.map(fault => open(staying, accompanied, fault)))
  const without = await Promise.all(names.map(fault => open(leaving, alone, fault)))
  await leaving.stop()
  const saved = beside.map(one => besidePeer(accompanied, one))
  const failed = without.map((one, i) => withoutPeer(alone, one, names[i] as string))
  for (const done of [...saved, ...failed]) done.catch(() => {})
  for (const [i, fault] of names.entries()) await checks.check(`an origin that answers with ${fault}, beside a peer`, () => saved[i] as Promise<void>)
  for (const [i, fault] of names.entries()) await checks.check(`an origin that answers with ${fault}, without a peer`, () => failed[i] as Promise<void>)
  release(staying, accompanied, alone)
}

function answer (request: IncomingMessage, response: ServerResponse): void {
  const [, fault = '', manifest = ''] = request.url?.split('/') ?? []
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? 'bytes=0-')
  const end = range?.[2] === '' || range === null ? SIZE : Number(range[2]) + 1
  faults[decodeURIComponent(fault)]?.answer(response, bodies.get(manifest) as Uint8Array, Number(range?.[1] ?? 0), end)
}

async function besidePeer (reader: TestNode, { bytes, manifest, content }: Case): Promise<void> {
  const out = at(join('origins', manifest))
  const read = readAll(content, PATH, { deadline: 300 })
  read.catch(() => {})
  await within(PATIENCE_S, content.save(out), 'saving')
  await expectFile(out, bytes)
  expect(hash(await within(PATIENCE_S, read, 'reading')) === hash(bytes), 'a reader got other bytes')
  expect(reader.said.penalties.every(({ reason }) => reason === 'stalled'), `a peer was penalised: ${JSON.stringify(reader.said.penalties)}`)
  await expectAnswers(reader, manifest, bytes)
}

async function withoutPeer (reader: TestNode, { bytes, manifest, url, content }: Case, fault: string): Promise<void> {
  const chunks: Uint8Array[] = []
  const read = (async () => { for await (const chunk of content.read(PATH, { deadline: 300 })) chunks.push(chunk) })()
  const error = await within(PATIENCE_S, failure(read, 'reading'), 'an error')
  expectError(error, 'ERR_UNAVAILABLE', PATH)
  const got = Buffer.concat(chunks)
  expect(got.equals(bytes.subarray(0, got.byteLength)), 'a reader got wrong bytes')
  const { words } = faults[fault] as Fault
  const messages = [
    ...reader.said.errors.map(({ error, doing }) => `${doing}: ${error.message}`),
    ...reader.said.fallbacks.filter(({ content: link, from }) => link === content.link && from === 'origin').map(({ reason }) => `${url}: ${reason}`)
  ].filter(message => message.includes(url))
  expect(messages.some(message => message.includes(words)), `no event names ${url} and "${words}": ${messages.join(' | ').slice(0, 1000)}`)
  const kept = randomBytes(1000)
  const other = await reader.publishBytes(new Map([[manifest, kept]]), { name: manifest })
  await expectAnswers(reader, other.manifest, kept)
}
