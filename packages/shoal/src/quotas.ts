const MIB = 2 ** 20
const GIB = 2 ** 30

/** What a node runs on, as far as its store is concerned. `browser` is any but that of a phone, `server` a node that was told to be one. */
export type DeviceClass = 'phone' | 'browser' | 'desktop' | 'server'

/** Default quotas of the store in bytes: of one that outlives the process or page, and of one in memory. */
export const QUOTAS: Readonly<Record<DeviceClass, { readonly kept: number, readonly memory: number }>> = {
  phone: { kept: 256 * MIB, memory: 64 * MIB },
  browser: { kept: GIB, memory: 256 * MIB },
  desktop: { kept: 2 * GIB, memory: 256 * MIB },
  server: { kept: 16 * GIB, memory: GIB }
}

/** As its browser says. Chromium names it, all name phones in the user agent. */
export function browserDevice ({ userAgent, userAgentData }: Pick<Navigator, 'userAgent'> & { userAgentData?: { mobile: boolean } }): 'phone' | 'browser' {
  return userAgentData?.mobile ?? /\bMobi|\bAndroid\b/.test(userAgent) ? 'phone' : 'browser'
}
