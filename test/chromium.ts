/**
 * Headless Chromium for whatever needs a real browser: unit tests, end-to-end tests, the demo check, benches.
 *
 * `CHROMIUM_PATH` names a Chromium of the system. Without it the one inside the npm package @sparticuz/chromium is unpacked into `.cache`,
 * together with the shared libraries that a bare Linux lacks, so that no machine needs any preparation.
 */

import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createBrotliDecompress } from 'node:zlib'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'
import { extract } from 'tar-fs'

const FLAGS = [
  '--no-sandbox',
  // WebRTC candidates with addresses instead of mDNS names, and pages that may reach nodes on this machine
  '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks',
  // several pages run at once and none of them is in front
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--autoplay-policy=no-user-gesture-required',
  // nothing that a browser does by itself may show up in a network capture
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

export interface LaunchOptions {
  /** Flags beside those that every launch gets; a further `--disable-features=` would replace the first. @default [] */
  args?: readonly string[]
}

/** Starts a Chromium with a fresh profile; the caller closes it. Each `newContext` has its own storage. */
export async function launchChromium (options: LaunchOptions = {}): Promise<Browser> {
  const found = await findChromium()
  return chromium.launch({
    executablePath: found.executable,
    args: [...FLAGS, ...options.args ?? []],
    env: { ...process.env, ...found.env }
  })
}

/** Starts a Chromium whose profile lies in a folder, so that what pages keep is on a disk; the caller closes it. */
export async function launchProfile (folder: string): Promise<BrowserContext> {
  const found = await findChromium()
  return chromium.launchPersistentContext(folder, { executablePath: found.executable, args: FLAGS, env: { ...process.env, ...found.env } })
}

interface Found {
  executable: string
  env: Record<string, string>
}

async function findChromium (): Promise<Found> {
  const system = process.env['CHROMIUM_PATH']
  if (system !== undefined && system !== '') {
    if (!existsSync(system)) throw new Error(`CHROMIUM_PATH is ${system}, but there is no such file: correct it or unset it`)
    return { executable: system, env: {} }
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`@sparticuz/chromium is for Linux on x64 and this is ${process.platform} on ${process.arch}: ` +
      'set CHROMIUM_PATH to a Chromium or Chrome')
  }
  const folder = await unpackChromium()
  const libraries = join(folder, 'al2023', 'lib')
  return {
    executable: join(folder, 'chromium'),
    env: {
      // behind those of the system, which are newer where they exist
      LD_LIBRARY_PATH: [process.env['LD_LIBRARY_PATH'], libraries].filter(path => path !== undefined && path !== '').join(':'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf')
    }
  }
}

/** Unpacks once per version; several processes may try at the same time, the first to finish wins. */
async function unpackChromium (): Promise<string> {
  const source = dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium')))
  const { version } = JSON.parse(await readFile(join(source, '../package.json'), 'utf8')) as { version: string }
  const cache = fileURLToPath(new URL('../.cache', import.meta.url))
  const folder = join(cache, `chromium-${version}`)
  if (existsSync(folder)) return folder

  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(`${folder}-`)
  const unpack = async (name: string, to: NodeJS.WritableStream): Promise<void> => {
    await pipeline(createReadStream(join(source, '../bin', name)), createBrotliDecompress({ chunkSize: 1 << 20 }), to)
  }
  await Promise.all([
    unpack('chromium.br', createWriteStream(join(draft, 'chromium'), { mode: 0o755 })),
    unpack('al2023.tar.br', extract(join(draft, 'al2023'))),
    unpack('fonts.tar.br', extract(join(draft, 'fonts'))),
    // the software renderer is looked for beside the executable
    unpack('swiftshader.tar.br', extract(draft)),
    writeFile(join(draft, 'fonts.conf'), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
      <fontconfig><dir>/usr/share/fonts</dir><dir>${folder}/fonts/fonts</dir><cachedir>${folder}/font-cache</cachedir></fontconfig>`)
  ])
  try {
    await rename(draft, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}
