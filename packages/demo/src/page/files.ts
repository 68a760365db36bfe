import { serveWorker, type FallbackReport } from '@shoal/players/service-worker'
import { megabytes } from './format.js'
import type { Shoal } from '@shoal/interface'
import type { Show } from '../reports.js'
import type { Model } from './model.js'

/** The content is waited for so long before the first picture is asked for, ms: what comes before goes to the origin. */
const OPEN_MS = 4_000
/** Nobody sees a picture stutter: there is time to find somebody who has it. */
const DEADLINE_MS = 5_000

export interface FilesHost {
  readonly find: (id: string) => HTMLElement
  readonly model: Model
  readonly trouble: (what: string) => void
}

/** Pictures and a download, as any page has them, through the service worker. */
export async function loadFiles (
  { files = [], origin, link }: Show, starting: Promise<Shoal>, { find, model, trouble }: FilesHost
): Promise<void> {
  model.setSegments(files.map(({ path }, n) => ({ path, start: n, duration: 1 })))
  const pictures = files.filter(({ path }) => path.endsWith('.webp'))
  const film = files.find(({ path }) => path.endsWith('.mp4'))
  const box = find('pictures')
  box.replaceChildren(...pictures.map((_, n) => {
    return Object.assign(new Image(1280, 720), { alt: `A shoal of fish, ${n + 1} of ${pictures.length}`, crossOrigin: 'anonymous' })
  }))
  const opening = starting.then(async shoal => await shoal.open(link))
  await worker(opening, origin, link, trouble)
  await Promise.race([opening.catch(() => {}), new Promise(resolve => { setTimeout(resolve, OPEN_MS) })])

  const load = async (path: string, work: () => Promise<number>): Promise<void> => {
    const before = model.of(path)
    try {
      const bytes = await work()
      // what Shoal gave it has told; all else came from the origin
      if (model.of(path) === before && !model.held(path)) model.fetched(path, bytes)
    } catch (error) {
      trouble(`${path}: ${(error as Error).message}`)
    }
  }
  const show = async (): Promise<void> => {
    await Promise.all(pictures.map(async ({ path, bytes }, n) => {
      const image = box.children[n] as HTMLImageElement
      await load(path, async () => {
        image.src = `${origin}${path}?${performance.now().toFixed(0)}`
        await image.decode()
        image.classList.add('there')
        return bytes
      })
    }))
  }
  find('again').addEventListener('click', () => { void show() })
  const button = find('download') as HTMLButtonElement
  button.addEventListener('click', () => {
    if (film === undefined) return
    button.disabled = true
    void load(film.path, async () => await download(`${origin}${film.path}`, film.path, (done, seconds) => {
      find('progress').style.width = `${100 * done / film.bytes}%`
      find('download-note').textContent = `${megabytes(done)} of ${megabytes(film.bytes)} in ${seconds.toFixed(1)} s`
    })).finally(() => { button.disabled = false })
  })
  await show()
}

/** From now on the worker controls this page, where there may be one. */
async function worker (content: ReturnType<Shoal['open']>, base: string, link: string, trouble: (what: string) => void): Promise<void> {
  try {
    await navigator.serviceWorker.register('worker.js')
    if (navigator.serviceWorker.controller === null) {
      await new Promise(resolve => { navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }) })
    }
    const onfallback = ({ path, from, to, reason }: FallbackReport): void => { trouble(`${path ?? 'content'}: ${from} to ${to}, ${reason}`) }
    serveWorker(navigator.serviceWorker, undefined, { link, content, base, deadline: DEADLINE_MS, onfallback })
  } catch (error) {
    trouble(`no service worker: ${(error as Error).message}`)
  }
}

async function download (url: string, name: string, onprogress: (done: number, seconds: number) => void): Promise<number> {
  const began = performance.now()
  const response = await fetch(url)
  if (!response.ok || response.body === null) throw new Error(`the origin answered ${response.status}`)
  const parts: Uint8Array<ArrayBuffer>[] = []
  let done = 0
  for (const reader = response.body.getReader(); ;) {
    const next = await reader.read()
    if (next.done) break
    parts.push(next.value)
    done += next.value.byteLength
    onprogress(done, (performance.now() - began) / 1000)
  }
  const file = URL.createObjectURL(new Blob(parts, { type: 'video/mp4' }))
  Object.assign(document.createElement('a'), { href: file, download: name }).click()
  setTimeout(() => { URL.revokeObjectURL(file) }, 10_000)
  return done
}
