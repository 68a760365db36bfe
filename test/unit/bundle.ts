import { isBuiltin } from 'node:module'
import { relative, resolve } from 'node:path'
import { build, formatMessages, type BuildFailure, type OutputFile, type Plugin } from 'esbuild'
import { root } from './specs.ts'

/** Where the bundle would lie; nothing is written. */
export const OUT = resolve(root, 'out')

/** What esbuild itself says of a Node.js module does not tell what to do. */
const refuseNode: Plugin = {
  name: 'refuse-node',
  setup (setup) {
    setup.onResolve({ filter: /^(node:)?[a-z_/0-9]+$/ }, async args => {
      if (args.pluginData === refuseNode || !isBuiltin(args.path)) return undefined
      // a library may replace it by its "browser" field, or an npm package may have the name
      const { path, resolveDir, kind, importer } = args
      const found = await setup.resolve(path, { resolveDir, kind, importer, pluginData: refuseNode })
      if (found.errors.length === 0 && !found.external) return found
      return {
        errors: [{
          text: `${relative(root, importer)} imports ${path}, and a *.spec.ts runs in browsers too: ` +
            'move the test to a *.node.ts, or give the module a browser twin'
        }]
      }
    })
  }
}

/** Bundles for browsers, with shared chunks; on failure prints why and ends the process. */
export async function bundle (entryPoints: Record<string, string>): Promise<OutputFile[]> {
  try {
    const result = await build({
      entryPoints,
      outdir: OUT,
      write: false,
      bundle: true,
      splitting: true,
      format: 'esm',
      target: 'es2024',
      platform: 'browser',
      sourcemap: 'external',
      logLevel: 'silent',
      plugins: [refuseNode]
    })
    return result.outputFiles
  } catch (error) {
    if (!isBuildFailure(error)) throw error
    for (const text of await formatMessages(error.errors, { kind: 'error', color: process.stdout.isTTY })) console.log(text.trimEnd())
    console.log(`\n0 passed, ${error.errors.length} failed`)
    process.exit(1)
  }
}

function isBuildFailure (error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
