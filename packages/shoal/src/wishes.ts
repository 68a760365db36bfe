import type { UploadLimits } from '@shoal/engine'
import { ConfigError, type Sharing, type UploadOptions } from '@shoal/interface'
import { parseRate, parseSize } from './units.js'

const SHARING: readonly Sharing[] = ['full', 'download', 'off']

/** @throws ConfigError */
export function checkSharing (sharing: Sharing): Sharing {
  if (!SHARING.includes(sharing)) throw new ConfigError(`sharing: expected one of ${SHARING.join(', ')}, got ${JSON.stringify(sharing)}`)
  return sharing
}

/** What is set of them. @throws ConfigError */
export function uploadLimits ({ rate, slots, monthly, yield: yields }: UploadOptions): Partial<UploadLimits> {
  if (slots !== undefined && (!Number.isInteger(slots) || slots < 0)) {
    throw new ConfigError(`upload.slots: expected a whole number, got ${JSON.stringify(slots)}`)
  }
  if (yields !== undefined && typeof yields !== 'boolean') throw new ConfigError(`upload.yield: expected true or false, got ${JSON.stringify(yields)}`)
  return {
    ...rate !== undefined && { rate: parseRate(rate, 'upload.rate') },
    ...slots !== undefined && { slots },
    ...monthly !== undefined && { monthly: parseSize(monthly, 'upload.monthly') },
    ...yields !== undefined && { yield: yields }
  }
}
