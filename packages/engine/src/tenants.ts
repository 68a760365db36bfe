import { TokenError, type TenantKey } from '@shoal/interface'
import { readIssuer, Tenant } from '@shoal/policy'
import type { Gate, GateHost, Gates } from './gate.js'
import { Guard } from './guard.js'
import type { RevocationRecords } from './types.js'

/** The tenants whose contents this node has open, or has heard of: each with its lists and the swarms that it guards. */
export class Tenants implements Gates {
  readonly #records: RevocationRecords | undefined
  readonly #tenants = new Map<TenantKey, { readonly tenant: Tenant, readonly guards: Set<Guard>, readonly ready: Promise<void> }>()

  /** @param records where lists outlive the node */
  constructor (records: RevocationRecords | undefined) {
    this.#records = records
  }

  async gate (key: TenantKey, host: GateHost): Promise<Gate> {
    const { tenant, guards, ready } = this.#known(key)
    const guard: Guard = new Guard(tenant, {
      ...host,
      heard: async list => { await this.#take(key, list) },
      closed: () => { guards.delete(guard) }
    })
    guards.add(guard)
    await ready
    return guard
  }

  async revoke (list: string): Promise<boolean> {
    return await this.#take(readIssuer(list), list)
  }

  async #take (key: TenantKey, list: string): Promise<boolean> {
    const { tenant, guards, ready } = this.#known(key)
    await ready
    if (!await tenant.revoke(list)) return false
    for (const guard of guards) {
      guard.review()
      guard.briefAll()
    }
    await this.#records?.save(key, list)
    return true
  }

  #known (key: TenantKey): { readonly tenant: Tenant, readonly guards: Set<Guard>, readonly ready: Promise<void> } {
    let known = this.#tenants.get(key)
    if (known === undefined) {
      const tenant = new Tenant(key)
      known = { tenant, guards: new Set(), ready: this.#recall(tenant) }
      this.#tenants.set(key, known)
    }
    return known
  }

  /** A record that cannot be read is as good as none. */
  async #recall (tenant: Tenant): Promise<void> {
    try {
      const list = await this.#records?.load(tenant.key)
      if (list !== undefined) await tenant.revoke(list)
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
    }
  }
}
