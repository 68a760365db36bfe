/**
 * What somebody meets who installs the packages: packs each, installs the tarballs into an empty project, imports every entry point,
 * type-checks a program that uses them, runs the README's examples and bundles the browser entry of `shoal`.
 */

import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { readSnippets, run, runSnippet, typeCheck, writePrograms } from '../docs/execute.ts'
import { Checks, Problem } from '../support/checks.ts'

interface Manifest {
  name: string
  version: string
  private?: boolean
  exports: Record<string, unknown>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const project = await mkdtemp(join(tmpdir(), 'shoal-stranger-'))
const tarballs = join(project, 'tarballs')
const checks = new Checks()
const manifests = (await readManifests()).filter(manifest => manifest.private !== true)
const entries = manifests.flatMap(({ name, exports }) => Object.entries(exports)
  .filter(([path]) => !path.endsWith('.json'))
  .map(([path, target]) => ({ specifier: name + path.slice(1), inNode: !isBrowserOnly(target) })))

await checks.check(`${manifests.length} packages are packed`, async () => {
  await mkdir(tarballs)
  await expectOk('npm', ['pack', ...manifests.flatMap(({ name }) => ['-w', name]), '--pack-destination', tarballs], root)
})

for (const manifest of manifests) {
  await checks.check(`publint: ${manifest.name}`, async () => {
    const file = await readFile(tarballOf(manifest))
    const tarball = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    const lines = messages.map(message => `${message.type}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
    if (lines.length > 0) throw new Problem(lines.join('\n'))
  })
}

await checks.check('the tarballs install into an empty project', async () => {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Manifest> }
  await writeFile(join(project, 'package.json'), JSON.stringify({
    name: 'stranger',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(manifests.map(manifest => [manifest.name, `file:${tarballOf(manifest)}`])),
      // what a project that uses them has anyway, at the version that the npm cache holds
      ...Object.fromEntries(['hls.js', '@types/node'].map(name => [name, lock.packages[`node_modules/${name}`]?.version]))
    },
    // as the README tells: @libp2p/webrtc would bring all of React Native
    overrides: { 'react-native-webrtc': 'npm:empty-npm-package@1.0.0' }
  }))
  await expectOk('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], project)
})

await checks.check('every entry point loads in Node.js', async () => {
  const failed: string[] = []
  for (const { specifier } of entries.filter(entry => entry.inNode)) {
    const { ok, output } = await run(process.execPath, ['--input-type=module', '-e', `await import('${specifier}')`], project)
    if (!ok) failed.push(`${specifier}: ${output}`)
  }
  if (failed.length > 0) throw new Problem(failed.join('\n'))
})

for (const moduleResolution of ['nodenext', 'bundler']) {
  await checks.check(`a program that uses every entry point passes the type check under moduleResolution ${moduleResolution}`, async () => {
    const folder = join(project, `consumer-${moduleResolution}`)
    await writePrograms(folder, [], {
      module: moduleResolution === 'bundler' ? 'esnext' : 'nodenext', moduleResolution, skipLibCheck: false
    })
    await writeFile(join(folder, 'all.ts'), entries.map(({ specifier }, index) => `export * as e${index} from '${specifier}'`).join('\n'))
    await writeFile(join(folder, 'wrong.ts'), "import { nothing } from 'shoal'\nexport { nothing }\n")
    const errors = await typeCheck(root, folder)
    const [ours, others] = [errors.filter(isOurs), errors.filter(error => !isOurs(error))]
    if (others.length > 0) console.log(`          ${others.length} errors inside the types of other packages, not counted`)
    if (!ours.some(error => error.includes('wrong.ts'))) throw new Problem('does not notice an import of what is not there')
    const problems = ours.filter(error => !error.includes('wrong.ts'))
    if (problems.length > 0) throw new Problem(problems.join('\n'))
  })
}

const budget = JSON.parse(await readFile(new URL('size-budget.json', import.meta.url), 'utf8')) as {
  /** Bytes gzip of `shoal` before the first frame, and of all that the node loads. */
  first: number
  whole: number
  /** Bytes gzip of an entry point and all that it imports. */
  entries: Record<string, number>
}
const examples = (await readSnippets(root, ['README.md'])).filter(({ mode }) => mode !== 'ignore')
await checks.check(`the README's ${examples.length} examples pass the type check`, async () => {
  await writePrograms(join(project, 'examples'), examples)
  const errors = examples.some(({ language }) => language === 'ts') ? await typeCheck(root, join(project, 'examples')) : []
  if (errors.length > 0) throw new Problem(errors.join('\n'))
})
for (const snippet of examples.filter(({ mode }) => mode === 'run')) {
  await checks.check(`README.md:${snippet.line} runs`, () => runSnippet(join(project, 'examples'), snippet, join(project, 'node_modules/.bin')))
}

await checks.check('the browser bundle of shoal keeps its size budget', async () => {
  await writeFile(join(project, 'bundle.js'), "export * from 'shoal'")
  const result = await build({
    entryPoints: [join(project, 'bundle.js')],
    outdir: join(project, 'bundle'),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    metafile: true,
    write: false,
    logLevel: 'silent',
    absWorkingDir: project
  })
  const sizes = new Map(result.outputFiles.map(file => [file.path, gzipSync(file.contents, { level: 9 }).byteLength]))
  const importsOf = (path: string, kind: string): string[] => {
    const imports = result.metafile.outputs[path]?.imports ?? []
    return imports.filter(next => next.kind === kind && next.external !== true).map(next => next.path)
  }
  const closure = (paths: readonly string[], into = new Set<string>()): Set<string> => {
    for (const path of paths.filter(found => !into.has(found))) closure(importsOf(path, 'import-statement'), into.add(path))
    return into
  }
  const first = closure(['bundle/bundle.js'])
  // what `createShoal` loads; what the node in turn loads on demand, such as publishing, counts for those who use it
  const whole = closure([...first].flatMap(path => importsOf(path, 'dynamic-import')), new Set(first))
  const sizeOf = (paths: Iterable<string>): number => [...paths].reduce((sum, path) => sum + (sizes.get(join(project, path)) ?? 0), 0)
  const measured = { first: sizeOf(first), whole: sizeOf(whole) }
  console.log(`          before the first frame ${measured.first} bytes gzip (budget ${budget.first}), ` +
    `the whole node ${measured.whole} (budget ${budget.whole}), in ${sizes.size} files`)
  if (measured.first > budget.first || measured.whole > budget.whole) {
    const heavy = Object.entries(inputsOf(first)).sort(([, a], [, b]) => b - a).slice(0, 15).map(([path, bytes]) => `${bytes} ${path}`)
    throw new Problem(`over the budget. Largest inputs before the first frame, minified bytes:\n${heavy.join('\n')}`)
  }

  function inputsOf (paths: Iterable<string>): Record<string, number> {
    const sum: Record<string, number> = {}
    for (const path of paths) {
      const inputs = Object.entries(result.metafile.outputs[path]?.inputs ?? {})
      for (const [input, { bytesInOutput }] of inputs) sum[input] = (sum[input] ?? 0) + bytesInOutput
    }
    return sum
  }
})

await checks.check('what a page loads before the first frame keeps its size budget, adapter by adapter', async () => {
  const sizes: string[] = []
  const over: string[] = []
  for (const [entry, most] of Object.entries(budget.entries)) {
    const { outputFiles: [file] } = await build({
      stdin: { contents: `export * from '${entry}'`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      write: false,
      logLevel: 'silent',
      absWorkingDir: project
    })
    const size = gzipSync(file?.contents ?? '', { level: 9 }).byteLength
    sizes.push(`${entry} ${size} (budget ${most})`)
    if (size > most) over.push(`${entry} is ${size} bytes gzip, and may be ${most}`)
  }
  console.log(`          bytes gzip: ${sizes.join(', ')}`)
  if (over.length > 0) throw new Problem(over.join('\n'))
})

checks.end()
await rm(project, { recursive: true, force: true })

async function readManifests (): Promise<Manifest[]> {
  const folders = (await readdir(join(root, 'packages'))).sort()
  return Promise.all(folders.map(async folder => JSON.parse(await readFile(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest))
}

/** `@shoal/base` → `…/shoal-base-0.1.0.tgz`. */
function tarballOf ({ name, version }: Manifest): string {
  return join(tarballs, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
}

/** All of an entry's conditions are for browsers. */
function isBrowserOnly (target: unknown): boolean {
  return typeof target === 'object' && target !== null && !('default' in target || 'import' in target || 'node' in target)
}

function isOurs (error: string): boolean {
  return !error.includes('node_modules/') || /node_modules\/(@shoal\/|shoal\/)/.test(error)
}

async function expectOk (command: string, args: string[], cwd: string): Promise<void> {
  const { ok, output } = await run(command, args, cwd, `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`)
  if (!ok) throw new Problem(`${command} ${args.join(' ')}\n${output}`)
}
