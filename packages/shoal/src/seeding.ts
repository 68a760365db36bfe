import { parseLink } from '@shoal/content'
import {
  ConfigError, NotFoundError, type ManifestSummary, type OpenOptions, type Published, type PublishOptions, type SaveOptions
} from '@shoal/interface'
import { hintAddrs } from './addresses.js'
import type { OpenContent } from './content.js'
import { keep, release } from './keep.js'
import { envelopeOf, type ContentRecord } from './library.js'
import type { SeedingHost } from './opening.js'
import { linkOf } from './own-link.js'
import type { Parts } from './parts.js'
import type { Publication } from './publish.js'
import { holdFiles, pinSeed } from './restore.js'

/** What a node gives of its own accord, now and at later starts: what it publishes, and what it was told to keep. */
export class Seeding {
  readonly #parts: Parts
  readonly #host: SeedingHost
  /** The node's own handles of what it seeds. */
  readonly #kept = new Map<string, OpenContent>()

  constructor (parts: Parts, host: SeedingHost) {
    this.#parts = parts
    this.#host = host
  }

  async publish (path: string, options: PublishOptions): Promise<Published> {
    if (options.live === true) {
      const { publishLive } = await import('./live/publish-live.js')
      return await publishLive(path, options, this.#parts, this.#host)
    }
    const { walk } = this.#parts.platform
    if (walk === undefined) throw new ConfigError('publish reads files and needs Node.js: use publishBytes in a browser')
    const found = await walk(path)
    return await this.#publish({ ...found, name: options.name ?? found.name, options })
  }

  async publishBytes (files: ReadonlyMap<string, Uint8Array>, options: PublishOptions & { name: string }): Promise<Published> {
    const entries = [...files].map(([path, bytes]) => ({ path, size: bytes.byteLength, async * stream () { yield bytes } }))
    const kind = entries.length === 1 && entries[0]?.path === options.name ? 'file' : 'directory'
    return await this.#publish({ name: options.name, kind, files: entries, options: { ...options, copy: true } })
  }

  async publishFiles (publication: Publication): Promise<Published> {
    return await this.#publish(publication)
  }

  async #publish (publication: Publication): Promise<Published> {
    // who pins needs no parsers of playlists
    const { publish } = await import('./publish.js')
    const { built, record } = await publish(publication, this.#parts)
    const content = await this.#adopt(record)
    await this.#host.entry(record.manifest)?.swarm?.scan()
    const { summary } = built.manifest
    return { link: content.link, manifest: summary.cid, root: summary.root, segments: summary.segments, bytes: summary.bytes, content }
  }

  async pin (text: string, options: OpenOptions & SaveOptions): Promise<ManifestSummary> {
    const handle = await this.#host.openLink(text, options)
    try {
      await keep(handle.manifest, this.#parts, () => handle.fetchAll(options))
      this.#keep(handle)
      return handle.summary
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async unpin (text: string): Promise<ManifestSummary> {
    const link = parseLink(text)
    const record = link.kind === 'manifest' ? await this.#parts.library.get(link.manifest) : undefined
    if (record?.pinned !== true) throw new NotFoundError(`${text.split('?', 1)[0] ?? ''} is not pinned here`)
    await this.#host.restored()
    const handle = await this.#adopt(record)
    await release(record, handle, this.#parts)
    await this.#kept.get(record.manifest)?.close()
    this.#kept.delete(record.manifest)
    await handle.close()
    return handle.summary
  }

  /** @param unpinned those of which the store did not even have the manifest */
  async restore (seeds: readonly ContentRecord[], unpinned: readonly ContentRecord[]): Promise<void> {
    await Promise.all(seeds.map(record => this.#restore(record, unpinned.includes(record))))
  }

  async #restore (record: ContentRecord, unpinned: boolean): Promise<void> {
    const { store, platform } = this.#parts
    try {
      const handle = await this.#adopt(record)
      this.#keep(handle)
      if (unpinned) await pinSeed(record, this.#parts)
      await holdFiles(record, handle.manifest, store, platform, this.#host.withdrawn)
      await this.#host.entry(record.manifest)?.swarm?.scan()
    } catch (error) {
      this.#host.report(error as Error, `seeding ${record.manifest} again`)
    }
  }

  /** Its publisher has taken back all of it. */
  ended (manifest: string): void {
    this.#kept.delete(manifest)
  }

  /** The node itself has it open from now on. */
  #keep (handle: OpenContent): void {
    const { cid } = handle.summary
    void this.#kept.get(cid)?.close()
    this.#kept.set(cid, handle)
  }

  async #adopt (record: ContentRecord): Promise<OpenContent> {
    // the addresses of an earlier run are worth nothing to others
    const text = linkOf(record.manifest, hintAddrs(this.#host.addrs()), record.tenant)
    const link = parseLink(text)
    return await this.#host.open({ link, text, origins: [], mode: this.#parts.config.mode, head: envelopeOf(record) })
  }
}
