import { systemClock } from '@shoal/base'
import type { Content } from '@shoal/interface'
import { Recorder, type Recorded, type RecordOptions } from '../live/recorder.js'
import { recordingFolder } from './recording-folder.js'

/** Saves a live content into a folder until its end. @throws what `Recorder.run` throws */
export async function record (content: Content, { swarm, ...recorded }: Recorded, out: string, options: RecordOptions): Promise<void> {
  const done = new AbortController()
  const moved = async (): Promise<void> => {
    await new Promise<void>(resolve => {
      content.addEventListener('manifest:update', () => { resolve() }, { once: true, signal: done.signal })
    })
  }
  try {
    const host = { ...recorded, folder: recordingFolder(out), moved, clock: systemClock }
    await new Recorder({ ...host, read: (segment, reading) => swarm.read(segment, reading) }, options).run()
  } finally {
    done.abort()
  }
}
