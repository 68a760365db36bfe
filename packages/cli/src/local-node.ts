import { mkdirSync } from 'node:fs'
import { StoreError, type Shoal } from '@shoal/interface'
import { type ControlServer, startControlServer } from './control/server.js'
import { STOP_TIMEOUT_MS } from './defaults.js'
import { logEvents } from './node-events.js'
import { nodeOptions, type Values } from './options/table.js'
import { tenantOptions } from './tenant.js'
import type { CreateNode } from './types.js'

/** A node that this process runs itself: made at the first use, reachable for other commands through its data folder. */
export class LocalNode {
  readonly #createNode: CreateNode
  readonly #values: Values
  readonly #log: (line: string) => void
  #running: Promise<Shoal> | undefined
  #control: ControlServer | undefined

  constructor (createNode: CreateNode, values: Values, log: (line: string) => void) {
    this.#createNode = createNode
    this.#values = values
    this.#log = log
  }

  /** @throws DataInUseError another process owns the data folder, and every error of `createShoal` */
  async get (): Promise<Shoal> {
    this.#running ??= this.#start()
    return await this.#running
  }

  async stop (): Promise<void> {
    const node = await this.#running?.catch(() => undefined)
    if (node === undefined) return
    await this.#control?.close()
    await within(STOP_TIMEOUT_MS, node.stop(), () => { this.#log('the node did not stop in time; leaving it behind') })
  }

  async #start (): Promise<Shoal> {
    const { data, verbose } = this.#values
    if (data !== undefined) makeFolder(data)
    const node: Shoal = await this.#createNode({ ...nodeOptions(this.#values), ...await tenantOptions(this.#values) })
    logEvents(node, this.#log, verbose === true)
    try {
      if (data !== undefined) this.#control = await startControlServer(data, node)
    } catch (error) {
      await node.stop()
      throw error
    }
    return node
  }
}

function makeFolder (data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StoreError(`the data folder ${data} cannot be made: ${(error as Error).message}`, { cause: error })
  }
}

async function within (ms: number, work: Promise<void>, late: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>(resolve => {
    timer = setTimeout(() => {
      late()
      resolve()
    }, ms)
  })
  await Promise.race([work, timeout])
  clearTimeout(timer)
}
