/** A Shoal node in a process of its own, told by messages what to do. */

import { fileURLToPath } from 'node:url'
import { answer, Child } from './child.ts'
import type { Space } from './namespaces.ts'
import { obedient, type Ask, type Told } from './obedient.ts'
import { turnServer, type TurnUser } from './turn.ts'

type Order =
  | Ask
  /** A server beside the node, which tells where whoever asks comes from, and passes on what `user` sends. */
  | { readonly do: 'ice', readonly address: string, readonly port: number, readonly user: TurnUser }

export type ShoalChild = Child<Order, Told>

/** A process without a node yet. */
export async function startShoal (space?: Space): Promise<ShoalChild> {
  return await Child.start<Order, Told>(fileURLToPath(import.meta.url), space)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) inside()

function inside (): void {
  const ask = obedient()
  answer(async (order: Order): Promise<Told> => {
    if (order.do !== 'ice') return await ask(order)
    await turnServer(order.address, order.port, order.user)
    return {}
  })
}
