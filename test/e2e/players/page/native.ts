import { serveWorker } from '@shoal/players/service-worker'
import type { Open } from './seat.ts'

/** What the browser plays by itself, through a service worker. */
export const open: Open = async ({ video, show, shoal, options, trouble }) => {
  const { serviceWorker } = navigator
  await serviceWorker.register('/worker.js')
  if (serviceWorker.controller === null) await new Promise(resolve => { serviceWorker.addEventListener('controllerchange', resolve, { once: true }) })
  serveWorker(serviceWorker, shoal, { ...options, base: show.origin })
  video.addEventListener('error', () => { trouble(`${video.error?.code} ${video.error?.message}`) })
  const load = (): void => { video.src = `${show.origin}${show.path}?n=${performance.now()}` }
  load()
  return {
    quality () {},
    again () { if (video.error !== null) load() },
    bandwidth: () => undefined
  }
}
