import type { Clock } from '@shoal/base'
import { judgeDevice, type Judgement } from '@shoal/policy/device'
import { browserDevice } from '../quotas.js'

/** What not every browser has, and TypeScript does not know. */
export interface Device {
  readonly userAgent: string
  readonly userAgentData?: { readonly mobile: boolean }
  readonly connection?: EventTarget & { readonly saveData?: boolean, readonly type?: string, readonly effectiveType?: string }
  readonly deviceMemory?: number
  getBattery?: () => Promise<EventTarget & { readonly charging: boolean, readonly level: number }>
}

/** As much of a document as tells whether somebody sees it. */
export type Visibility = EventTarget & { readonly hidden: boolean }

/** A hidden page sets a timer of this length, and sleeps when it comes so much later. Browsers that only slow it down stay below. */
const WAKE_MS = 2_000
const LATE_MS = 3_000

/**
 * Tells what this device can afford to share, as far as the browser says: at once, and whenever that changes.
 *
 * @returns what ends it
 */
export async function watchDevice (
  tell: (judgement: Judgement) => void, clock: Clock, device: Device = navigator as Device, page: Visibility = document
): Promise<() => void> {
  const { connection, deviceMemory: memory } = device
  const phone = browserDevice(device) === 'phone'
  const battery = await device.getBattery?.().catch(() => undefined)
  let told = ''
  let sleepy = false
  let cancel = (): void => {}

  const look = (): void => {
    const judgement = judgeDevice({
      phone,
      saveData: connection?.saveData,
      connection: connection?.type,
      effectiveType: connection?.effectiveType,
      battery,
      memory,
      hidden: page.hidden,
      sleepy
    })
    if (judgement.reason === told) return
    told = judgement.reason
    tell(judgement)
  }
  const measure = (): void => {
    const due = clock.now() + WAKE_MS
    cancel = clock.after(WAKE_MS, () => {
      sleepy = clock.now() - due > LATE_MS
      look()
      measure()
    })
  }
  const turned = (): void => {
    cancel()
    sleepy = false
    if (page.hidden) measure()
    look()
  }

  const watched = [
    [connection, 'change', look], [battery, 'chargingchange', look], [battery, 'levelchange', look], [page, 'visibilitychange', turned]
  ] as const
  for (const [target, event, listener] of watched) target?.addEventListener(event, listener)
  turned()
  return () => {
    cancel()
    for (const [target, event, listener] of watched) target?.removeEventListener(event, listener)
  }
}
