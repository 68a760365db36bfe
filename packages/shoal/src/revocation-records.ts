import type { RevocationRecords } from '@shoal/engine'
import { Key, type Datastore } from 'interface-datastore'

const REVOCATIONS = new Key('/shoal/revocations')

/** The newest list of each tenant, in a node's datastore: nobody may have it forget one by keeping it back after a restart. */
export function revocationRecords (datastore: Datastore): RevocationRecords {
  const keyOf = (tenant: string): Key => REVOCATIONS.child(new Key(tenant))
  return {
    async load (tenant) {
      const key = keyOf(tenant)
      return await datastore.has(key) ? new TextDecoder().decode(await datastore.get(key)) : undefined
    },
    async save (tenant, list) {
      await datastore.put(keyOf(tenant), new TextEncoder().encode(list))
    }
  }
}
