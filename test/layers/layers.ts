/** Holds the packages to the layers of the architecture, and the rules to their purpose: each must catch a tree that breaks it. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Checks, Problem } from '../support/checks.ts'
import { readHouse, rules } from './rules.ts'
import { readTree, type Tree } from './sources.ts'

const checks = new Checks()
const root = fileURLToPath(new URL('../..', import.meta.url))
const tree = await readTree(root)
const house = readHouse(tree)
for (const [name, rule] of Object.entries(rules)) {
  await checks.check(name, () => {
    const violations = rule(house)
    if (violations.length > 0) throw new Problem(violations.join('\n'))
  })
}

await checks.check('package-lock.json names no registry host', async () => {
  const hosts = (await readFile(`${root}/package-lock.json`, 'utf8')).match(/"resolved": "(https?|git)[^"]*"/g)
  if (hosts !== null) throw new Problem(`install with this repository's .npmrc in force; found ${hosts[0]}`)
})

/** A small tree that breaks no rule. */
const sound: Record<string, string> = {
  'package.json': '{ "name": "root", "devDependencies": { "chai": "1" } }',
  ...pack('interface', {}, { 'src/index.ts': "export type * from './a.js'", 'src/a.ts': 'export interface VerifiedBlock {}' }),
  ...pack('content', { '@shoal/interface': '1', '@libp2p/crypto': '1' }, {
    'src/index.ts': "export { a } from './verify.js'",
    'src/verify.ts': "import type { VerifiedBlock } from '@shoal/interface'\nimport '@libp2p/crypto/keys'\nexport const a = {} as VerifiedBlock",
    'test/a.spec.ts': "import { a } from '../src/index.js'\nimport { expect } from 'chai'"
  }),
  ...pack('store', { '@shoal/interface': '1', '@shoal/content': '1' }, {
    'src/index.ts': "export { b } from './b.js'",
    'src/b.ts': "import { a } from '@shoal/content'\nimport { readFile } from 'node:fs/promises'\nexport const b = [a][0] as VerifiedBlock"
  })
}

await checks.check('the rules accept a sound tree', () => {
  for (const [name, rule] of Object.entries(rules)) {
    const violations = rule(readHouse(toTree(sound)))
    if (violations.length > 0) throw new Problem(`${name}:\n${violations.join('\n')}`)
  }
})

/** For each rule, changes to the sound tree that it must catch. */
const broken: Record<keyof typeof rules, Record<string, string>[]> = {
  'every package has a layer': [pack('extra', {}, {})],
  'package.json files depend on lower layers only': [
    pack('content', { '@shoal/store': '1' }, {}),
    pack('wire', { '@shoal/content': '1' }, {})
  ],
  'sources and tests import lower layers only': [
    { 'packages/content/src/c.ts': "import { b } from '@shoal/store'" },
    { 'packages/content/src/c.ts': "import type { b } from '@shoal/store'" },
    { 'packages/content/src/c.ts': "export * from '@shoal/store'" },
    { 'packages/content/src/c.ts': "export type B = import('@shoal/store').B" },
    { 'packages/content/src/c.ts': "await import('@shoal/store/deep')" },
    { 'packages/content/test/c.spec.ts': "import { b } from '@shoal/store'" }
  ],
  'relative imports stay inside the package, and packages import others by name': [
    { 'packages/store/src/c.ts': "import { a } from '../../content/src/verify.js'" },
    { 'packages/store/src/c.ts': "import { b } from '@shoal/store'" }
  ],
  'nothing inside a package imports its index': [{ 'packages/store/src/c.ts': "import { b } from './index.js'" }],
  'every import is declared in the package.json': [
    { 'packages/store/src/c.ts': "import { expect } from 'chai'" },
    { 'packages/store/src/c.ts': "import fs from 'fs'" },
    { 'packages/store/test/c.spec.ts': "import x from '@scope/unknown/deep'" }
  ],
  'only exchange, availability, routing and shoal import libp2p at run time; content its key and envelope code': [
    { 'packages/content/src/c.ts': "import { createLibp2p } from 'libp2p'" },
    { 'packages/content/src/c.ts': "import { type X } from '@libp2p/interface'" },
    { 'packages/store/src/c.ts': "import { keys } from '@libp2p/crypto'" },
    { 'packages/store/src/c.ts': "await import('@chainsafe/libp2p-noise')" }
  ],
  'there are no import cycles, type imports included': [
    { 'packages/store/src/b.ts': "import './c.js'", 'packages/store/src/c.ts': "import type { b } from './b.js'" },
    { 'packages/content/src/verify.ts': "import '@shoal/store'" }
  ],
  'VerifiedBlock is made only in content': [
    { 'packages/store/src/c.ts': 'export const c = {} as unknown as VerifiedBlock' },
    { 'packages/store/src/c.ts': 'export const c = { digest, bytes } as VerifiedBlock' },
    { 'packages/store/src/c.ts': 'export const c = block as VerifiedBlock' },
    { 'packages/store/src/c.ts': 'export const c = <VerifiedBlock[]>[]' },
    { 'packages/store/test/c.spec.ts': 'const is = (x: object): x is VerifiedBlock => true' }
  ],
  'tsconfig.json files refer to the packages that package.json files depend on': [
    { 'packages/store/tsconfig.json': '{ "references": [{ "path": "../interface" }] }' },
    { 'packages/interface/tsconfig.json': '{ "references": [{ "path": "../store" }] }' }
  ]
}

for (const [name, rule] of Object.entries(rules)) {
  await checks.check(`it can fail: ${name}`, () => {
    for (const change of broken[name] ?? []) {
      if (rule(readHouse(toTree({ ...sound, ...change }))).length === 0) throw new Problem(`does not notice ${JSON.stringify(change, null, 2)}`)
    }
    if (broken[name] === undefined) throw new Problem('has no example of what it must catch')
  })
}
checks.end()

function pack (folder: string, dependencies: Record<string, string>, files: Record<string, string>): Record<string, string> {
  const references = Object.keys(dependencies).filter(name => name.startsWith('@shoal/')).map(name => ({ path: name.replace('@shoal', '..') }))
  return {
    [`packages/${folder}/package.json`]: JSON.stringify({ name: `@shoal/${folder}`, dependencies }),
    [`packages/${folder}/tsconfig.json`]: JSON.stringify({ references }),
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/${folder}/${path}`, text]))
  }
}

function toTree (files: Record<string, string>): Tree {
  return new Map(Object.entries(files))
}
