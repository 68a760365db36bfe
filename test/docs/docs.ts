/** Holds README.md and doc/*.md to what they say: their code is type-checked, and run where it is marked so; snippets.ts tells how. */

import { glob, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Checks, Problem } from '../support/checks.ts'
import { readSnippets, runSnippet, typeCheck, writePrograms } from './execute.ts'
import { extractSnippets } from './snippets.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
// inside the repository, so that packages are found by name
const folder = join(root, '.cache/docs')
const checks = new Checks()

await checks.check('snippets are told apart by their info strings', () => {
  const found = extractSnippets('x.md', [
    '<!-- setup', 'const a = 1', '-->', '```ts run', 'a', '```', '', '```sh', 'ls', '```', '```', 'text', '```', '```js ignore: a sketch', 'x', '```'
  ].join('\n'))
  const seen = found.map(({ line, language, mode, code }) => `${line} ${language} ${mode} ${code.split('\n').filter(text => text !== '').join()}`)
  const expected = ['4 ts run const a = 1,a', '8 sh check ls', '14 js ignore x']
  if (seen.join() !== expected.join()) throw new Problem(`expected ${expected.join(' | ')}, got ${seen.join(' | ')}`)
})

const files = ['README.md', 'CONTRIBUTING.md', ...(await Array.fromAsync(glob('doc/**/*.md', { cwd: root }))).sort()]
const snippets = (await readSnippets(root, files)).filter(snippet => snippet.mode !== 'ignore')
const code = snippets.filter(snippet => snippet.language !== 'sh')
await rm(folder, { recursive: true, force: true })
await writePrograms(folder, snippets)

await checks.check('the type check notices a wrong snippet', async () => {
  const wrong = extractSnippets('wrong.md', "```ts\nimport { nothing } from '@shoal/base'\nconst a: string = 1\n```")
  await writePrograms(join(folder, 'wrong'), wrong)
  const errors = await typeCheck(root, join(folder, 'wrong'))
  await rm(join(folder, 'wrong'), { recursive: true })
  if (errors.length !== 2) throw new Problem(`expected 2 errors, got ${errors.length}: ${errors.join('\n')}`)
})

await checks.check(`${code.length} snippets in ${files.length} files pass the type check`, async () => {
  const errors = code.length === 0 ? [] : await typeCheck(root, folder)
  if (errors.length > 0) throw new Problem(errors.map(error => error.replace(/_(\d+)\.(ts|js)\((\d+),/, ':$3 (block of line $1), column (')).join('\n'))
})

await checks.check('every npm script that they name exists', async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const missing = snippets.filter(snippet => snippet.language === 'sh').flatMap(({ file, line, code }) =>
    [...code.matchAll(/\bnpm (?:run(?: -s)? |(?=start|test))([\w:-]+)/g)].filter(([, name]) => scripts[name as string] === undefined)
      .map(([, name]) => `${file}, block of line ${line}: package.json has no script ${name}`))
  if (missing.length > 0) throw new Problem(missing.join('\n'))
})

for (const snippet of snippets.filter(snippet => snippet.mode === 'run')) {
  await checks.check(`${snippet.file}:${snippet.line} runs`, () => runSnippet(folder, snippet, join(root, 'node_modules/.bin')))
}
checks.end()
