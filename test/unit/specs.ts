import { glob } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Selection {
  /** Absolute paths of compiled test files, sorted. */
  files: string[]
  grep: string | undefined
  verbose: boolean
}

/**
 * Reads the command line of a runner: names of packages (default: all), `--grep TEXT`, `--verbose`.
 *
 * @param kinds of test files: `spec` runs everywhere, `node` in Node.js only
 */
export async function select (kinds: string[]): Promise<Selection> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string', short: 'g' }, verbose: { type: 'boolean', short: 'v', default: false } }
  })
  // a test that was renamed leaves its compiled file behind, so the sources say what exists
  const sources: string[] = []
  for (const name of positionals.length === 0 ? ['*'] : positionals) {
    const found = await Array.fromAsync(glob(kinds.map(kind => `packages/${name}/test/**/*.${kind}.ts`), { cwd: root }))
    if (found.length === 0 && name !== '*') console.log(`  ${name} has no tests of this kind (test/**/*.${kinds.join('.ts, *.')}.ts)`)
    sources.push(...found)
  }
  const files = sources.sort().map(file => root + file.replace('/test/', '/dist/test/').replace(/ts$/, 'js'))
  return { files, grep: values.grep, verbose: values.verbose || values.grep !== undefined }
}
