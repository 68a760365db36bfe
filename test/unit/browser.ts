/** Runs every package's `*.spec.ts` in a headless Chromium: `node test/unit/browser.ts [PACKAGE…] [--grep TEXT] [--verbose]` */

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { SourceMap, type SourceMapPayload } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, extname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '../chromium.ts'
import { OUT, bundle } from './bundle.ts'
import { Report, packageOf, type Result } from './report.ts'
import { root, select } from './specs.ts'

/** With no news from the page for this long, the run is given up. */
const SILENCE_MS = 60_000
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.html': 'text/html', '.map': 'application/json' }

const { files, grep, verbose } = await select(['spec'])
const report = new Report(verbose)
const served = new Map<string, string | Uint8Array>()
const maps = new Map<string, SourceMap>()

const entries = Object.fromEntries(files.map(file => [relative(root, file).replace(/\.js$/, ''), file]))
for (const file of await bundle(entries)) {
  const name = '/' + relative(OUT, file.path)
  served.set(name, file.contents)
  if (name.endsWith('.map')) maps.set(name.slice(0, -4), new SourceMap(JSON.parse(file.text) as SourceMapPayload))
}
served.set('/mocha.js', await readFile(fileURLToPath(import.meta.resolve('mocha/mocha.js'))))
served.set('/page.js', await readFile(new URL('page.js', import.meta.url)))
served.set('/', '<!doctype html><meta charset="utf-8"><title>tests</title><div id="mocha"></div><script src="/mocha.js"></script>')

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  const body = served.get(path)
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': TYPES[extname(path)] ?? 'text/html' }).end(body)
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const browser = await launchChromium()
try {
  const page = await browser.newPage()
  await new Promise<void>((resolve, reject) => {
    let silence: NodeJS.Timeout
    let running = ''
    const alive = (): void => {
      clearTimeout(silence)
      silence = setTimeout(() => { reject(new Error(`no news from the page for ${SILENCE_MS / 1000} s`)) }, SILENCE_MS)
    }
    const done = (end: () => void): void => {
      clearTimeout(silence)
      end()
    }
    alive()
    page.on('console', message => { if (['error', 'warning'].includes(message.type())) console.log(`  page: ${mapped(message.text())}`) })
    page.on('crash', () => { done(() => { reject(new Error('the page crashed')) }) })
    Promise.all([
      page.exposeFunction('onresult', (result: Omit<Result, 'package'> & { file: string }) => {
        alive()
        if (result.error !== undefined) result.error.stack = mapped(result.error.stack)
        const name = packageOf(result.file)
        if (name !== running) report.endPackage(running)
        running = name
        report.add({ ...result, package: name })
      }),
      page.exposeFunction('ondone', () => { done(resolve) })
    ]).then(async () => {
      await page.goto(origin)
      await page.addScriptTag({ type: 'module', url: '/page.js' })
      const options = { files: Object.keys(entries).map(name => `/${name}.js`), grep }
      await page.evaluate(options => { (globalThis as unknown as { run (o: unknown): void }).run(options) }, options)
    }).catch((error: unknown) => { done(() => { reject(error as Error) }) })
  })
} catch (error) {
  report.add({
    package: 'page', title: ['the test page'], outcome: 'failed', ms: 0, error: { stack: mapped((error as Error).stack ?? String(error)) }
  })
} finally {
  process.exitCode = report.end() ? 0 : 1
  await browser.close()
  server.close()
}

/** Stack frames of the bundle as file, line and column of the sources. */
function mapped (text: string): string {
  const own = text.split('\n').filter(line => !line.includes('/mocha.js:')).join('\n')
  return own.replaceAll(/http:\/\/127\.0\.0\.1:\d+(\/[^\s:)]+):(\d+):(\d+)/g, (frame, path: string, line: string, column: string) => {
    const entry = maps.get(path)?.findEntry(Number(line) - 1, Number(column) - 1)
    if (entry === undefined || !('originalSource' in entry)) return frame
    return `${relative(root, resolve(OUT, dirname(path.slice(1)), entry.originalSource))}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  })
}
