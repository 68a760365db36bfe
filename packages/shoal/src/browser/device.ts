/** What not every browser has, and TypeScript does not know. */
interface Device {
  readonly connection?: EventTarget & { readonly saveData?: boolean, readonly type?: string }
  getBattery?: () => Promise<EventTarget & { readonly charging: boolean, readonly level: number }>
}

const LOW_BATTERY = 0.2

/**
 * Tells why this device should share nothing, as far as the browser says: at once when there is a reason, and whenever that changes.
 *
 * @returns what ends it
 */
export async function watchDevice (tell: (reason: string | undefined) => void, device: Device = navigator as Device): Promise<() => void> {
  const { connection } = device
  const battery = await device.getBattery?.().catch(() => undefined)
  let told: string | undefined
  const look = (): void => {
    const reason = connection?.saveData === true
      ? 'the user asked to save data'
      : connection?.type === 'cellular'
        ? 'the connection is metered'
        : battery !== undefined && !battery.charging && battery.level < LOW_BATTERY ? 'the battery is low' : undefined
    if (reason === told) return
    told = reason
    tell(reason)
  }
  const watched = [[connection, 'change'], [battery, 'chargingchange'], [battery, 'levelchange']] as const
  for (const [target, event] of watched) target?.addEventListener(event, look)
  look()
  return () => { for (const [target, event] of watched) target?.removeEventListener(event, look) }
}
