import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path/posix'
import { parseSources, type Manifest, type Source, type Tree } from './sources.ts'

/** A package imports only packages of lower layers. */
const LAYERS: Record<string, number> = {
  interface: 0,
  base: 0,
  wire: 1,
  content: 1,
  store: 2,
  ledger: 2,
  policy: 2,
  exchange: 3,
  availability: 3,
  routing: 3,
  origin: 3,
  swarm: 4,
  engine: 5,
  shoal: 6,
  players: 7,
  ipfs: 7,
  simulator: 7,
  cli: 8,
  // shows what the others make, and nothing imports it
  demo: 8
}

/** Elsewhere a peer is a string. `true`: all of libp2p. */
const LIBP2P: Record<string, true | string[]> = {
  exchange: true,
  availability: true,
  routing: true,
  shoal: true,
  content: ['@libp2p/crypto', '@libp2p/peer-id', '@libp2p/peer-record']
}

/** The one file that makes verified blocks. */
const VERIFIER = 'packages/content/src/verify.ts'

interface House {
  tree: Tree
  sources: Source[]
  /** By folder name. */
  manifests: Map<string, Manifest>
  /** Folder by package name. */
  folders: Map<string, string>
  root: Manifest
}

/** Each names what it forbids and returns one line per violation. */
export const rules: Record<string, (house: House) => string[]> = {
  'every package has a layer': ({ manifests }) => [...manifests.keys()]
    .filter(folder => LAYERS[folder] === undefined)
    .map(folder => `packages/${folder} is in no layer: add it to the table in test/layers/rules.ts`),

  'package.json files depend on lower layers only': ({ manifests, folders }) => [...manifests].flatMap(([folder, manifest]) =>
    ownDependencies(manifest, folders)
      .filter(other => !isBelow(other, folder))
      .map(other => `packages/${folder}/package.json (layer ${LAYERS[folder]}) depends on ${other} (layer ${LAYERS[other]})`)),

  'sources and tests import lower layers only': ({ sources, folders }) => eachImport(sources, (source, specifier) => {
    const other = folders.get(packageName(specifier))
    if (other === undefined || other === source.package || isBelow(other, source.package)) return undefined
    return `${source.package} (layer ${LAYERS[source.package]}) imports ${specifier} (layer ${LAYERS[other]}), type imports included`
  }),

  'relative imports stay inside the package, and packages import others by name': ({ sources, folders }) =>
    eachImport(sources, (source, specifier) => {
      if (!specifier.startsWith('.')) {
        return folders.get(packageName(specifier)) === source.package && source.kind === 'src' ? `imports its own package as ${specifier}` : undefined
      }
      const inside = `packages/${source.package}/`
      return join(dirname(source.path), specifier).startsWith(inside) ? undefined : `${specifier} leaves ${inside}`
    }),

  'nothing inside a package imports its index': ({ sources }) => eachImport(sources.filter(source => source.kind === 'src'), (source, specifier) =>
    target(source, specifier) === `packages/${source.package}/src/index.ts`
      ? 'the index is for other packages: import the file that declares it'
      : undefined),

  'every import is declared in the package.json': ({ sources, manifests, root }) => eachImport(sources, (source, specifier) => {
    if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined
    const name = packageName(specifier)
    if (isBuiltin(name)) return `write node:${specifier} for the module of Node.js`
    const manifest = manifests.get(source.package)
    const declared = { ...manifest?.dependencies, ...manifest?.optionalDependencies, ...manifest?.peerDependencies, ...(source.kind === 'test' ? { ...manifest?.devDependencies, ...root.devDependencies } : {}) }
    return name in declared || name === manifest?.name ? undefined : `packages/${source.package}/package.json does not list ${name}`
  }),

  'only exchange, availability, routing and shoal import libp2p at run time; content its key and envelope code': ({ sources }) =>
    eachImport(sources.filter(source => source.kind === 'src'), (source, specifier, typeOnly) => {
      const name = packageName(specifier)
      if (typeOnly || (name !== 'libp2p' && !/^@(chainsafe\/)?libp2p[/-]/.test(name))) return undefined
      const allowed = LIBP2P[source.package] ?? []
      return allowed === true || allowed.includes(name) ? undefined : `${source.package} imports ${specifier} at run time`
    }),

  'there are no import cycles, type imports included': ({ sources, folders }) => {
    const edges = new Map(sources.map(source => [source.path, source.imports.flatMap(({ specifier }) => {
      const other = folders.get(packageName(specifier))
      return other === undefined ? target(source, specifier) ?? [] : `packages/${other}/src/index.ts`
    })]))
    return cycles(edges).map(cycle => cycle.join(' → '))
  },

  'VerifiedBlock is made only in content': ({ sources }) => sources
    .filter(source => source.path !== VERIFIER)
    .flatMap(source => source.brands.map(line =>
      `${source.path}:${line}: asserts that something is a VerifiedBlock: call verifyBlock or hashBlock, or narrow without an assertion`)),

  'tsconfig.json files refer to the packages that package.json files depend on': ({ tree, manifests, folders }) =>
    [...manifests].flatMap(([folder, manifest]) => {
      const path = `packages/${folder}/tsconfig.json`
      const { references = [] } = JSON.parse(tree.get(path) ?? '{}') as { references?: { path: string }[] }
      const has = references.map(reference => reference.path.replace('../', ''))
      const wants = ownDependencies(manifest, folders)
      return [
        ...wants.filter(other => !has.includes(other)).map(other => `${path} lacks a reference to ../${other}`),
        ...has.filter(other => !wants.includes(other)).map(other => `${path} refers to ../${other}, which package.json does not list`)
      ]
    })
}

export function readHouse (tree: Tree): House {
  const manifests = new Map<string, Manifest>()
  for (const [path, text] of tree) {
    const folder = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1]
    if (folder !== undefined) manifests.set(folder, JSON.parse(text) as Manifest)
  }
  return {
    tree,
    manifests,
    sources: parseSources(tree),
    folders: new Map([...manifests].map(([folder, { name }]) => [name, folder])),
    root: JSON.parse(tree.get('package.json') ?? '{}') as Manifest
  }
}

function isBelow (other: string, folder: string): boolean {
  return (LAYERS[other] ?? Infinity) < (LAYERS[folder] ?? -1)
}

function ownDependencies ({ dependencies, devDependencies }: Manifest, folders: Map<string, string>): string[] {
  return Object.keys({ ...dependencies, ...devDependencies }).flatMap(name => folders.get(name) ?? [])
}

function eachImport (sources: Source[], rule: (source: Source, specifier: string, typeOnly: boolean) => string | undefined): string[] {
  return sources.flatMap(source => source.imports.flatMap(({ specifier, line, typeOnly }) => {
    const problem = rule(source, specifier, typeOnly)
    return problem === undefined ? [] : `${source.path}:${line}: ${problem}`
  }))
}

/** `@a/b/c` → `@a/b`, `a/b` → `a`. */
function packageName (specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

function target (source: Source, specifier: string): string | undefined {
  return specifier.startsWith('.') ? join(dirname(source.path), specifier).replace(/\.js$/, '.ts') : undefined
}

/** One cycle through each group of files that reach each other. */
function cycles (edges: Map<string, string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const walk = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file])
    if (at >= 0 || done.has(file)) return
    path.push(file)
    for (const next of edges.get(file) ?? []) walk(next)
    path.pop()
    done.add(file)
  }
  for (const file of edges.keys()) walk(file)
  return found
}
