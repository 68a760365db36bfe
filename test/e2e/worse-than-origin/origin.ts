/** An HTTP origin behind a line of a given rate and latency, in this process: every request shares the rate. */

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { later } from '../bad-input/bench.ts'

const TICK_MS = 10

export interface Line {
  readonly latencyMs: number
  /** Bytes per second, by ms since the first request. */
  readonly rate: (ms: number) => number
}

interface Answer { readonly response: ServerResponse, readonly from: number, left: Uint8Array }

export interface SlowOrigin { readonly url: string, stop (): void }

export async function slowOrigin (files: ReadonlyMap<string, Uint8Array>, line: Line): Promise<SlowOrigin> {
  let answers: Answer[] = []
  let first: number | undefined
  let last = 0
  let budget = 0
  const server = createServer((request, response) => {
    const bytes = files.get(request.url?.slice(1) ?? '')
    if (bytes === undefined) {
      response.writeHead(404).end()
      return
    }
    const now = performance.now()
    last = answers.length === 0 ? now : last
    first ??= now
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const start = Number(range?.[1] ?? 0)
    const end = range?.[2] === undefined || range[2] === '' ? bytes.byteLength : Number(range[2]) + 1
    const answer = { response, from: now + line.latencyMs, left: bytes.subarray(start, end) }
    answers.push(answer)
    response.once('close', () => { answers = answers.filter(other => other !== answer) })
    setTimeout(() => {
      response.writeHead(range === null ? 200 : 206, {
        'content-length': end - start, ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.byteLength}` })
      })
      response.flushHeaders()
    }, line.latencyMs)
  })
  const pump = setInterval(() => {
    const now = performance.now()
    const ready = answers.filter(({ from, response }) => from <= now && response.headersSent)
    // an idle line saves nothing up
    budget = ready.length === 0 ? 0 : budget + line.rate(now - (first ?? now)) * (now - last) / 1000
    last = now
    for (const [i, answer] of ready.entries()) {
      const piece = answer.left.subarray(0, Math.floor(budget / (ready.length - i)))
      budget -= piece.byteLength
      answer.left = answer.left.subarray(piece.byteLength)
      answer.response.write(piece)
      if (answer.left.byteLength > 0) continue
      answers = answers.filter(other => other !== answer)
      answer.response.end()
    }
  }, TICK_MS)
  const stop = (): void => {
    clearInterval(pump)
    server.closeAllConnections()
    server.close()
  }
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  later(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, stop }
}
