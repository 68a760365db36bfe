import { Viewing, type Figures, type ViewerConfig } from './viewing.ts'

/** What the bench asks of a page. */
export interface ViewerPage {
  figures (): Figures
}

/** Starts the player that `play` sets up, as soon as the page knows what to play. */
export function begin (play: (viewing: Viewing, video: HTMLVideoElement, config: ViewerConfig) => void): void {
  const config = JSON.parse(document.getElementById('config')?.textContent ?? '{}') as ViewerConfig
  const video = document.querySelector('video') as HTMLVideoElement
  const viewing = new Viewing(video, config)
  const page: ViewerPage = { figures: () => viewing.figures() }
  Object.assign(globalThis, { viewer: page })
  play(viewing, video, config)
}
