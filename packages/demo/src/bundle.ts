import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

const PACKAGE = join(import.meta.dirname, '..', '..')

/**
 * The page as files in memory: a light first part that starts the player, and the node in chunks that are loaded behind it.
 *
 * @throws Error when something in it does not resolve
 */
export async function bundlePage (): Promise<Map<string, Uint8Array>> {
  const outdir = join(PACKAGE, 'dist', 'page')
  const result = await build({
    entryPoints: { page: join(PACKAGE, 'dist', 'src', 'page', 'page.js'), style: join(PACKAGE, 'src', 'page', 'style.css') },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    write: false,
    logLevel: 'error'
  })
  // a worker of its own kind: one file, no module
  const worker = await build({
    entryPoints: { worker: join(PACKAGE, 'dist', 'src', 'page', 'worker.js') },
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    outdir,
    write: false,
    logLevel: 'error'
  })
  result.outputFiles.push(...worker.outputFiles)
  const files = new Map(result.outputFiles.map(file => [relative(outdir, file.path).replaceAll('\\', '/'), file.contents]))
  for (const name of ['index.html', 'mark.svg']) files.set(name, await readFile(join(PACKAGE, 'src', 'page', name)))
  return files
}
