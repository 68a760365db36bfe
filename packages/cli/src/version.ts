import { readFileSync } from 'node:fs'

/** Version of this package; all of Shoal's packages share one. */
export const version = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version
