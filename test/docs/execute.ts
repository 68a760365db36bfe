import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Problem } from '../support/checks.ts'
import { extractSnippets, type Snippet } from './snippets.ts'

const TIMEOUT_MS = 60_000

export async function readSnippets (root: string, files: string[]): Promise<Snippet[]> {
  const each = await Promise.all(files.map(async file => extractSnippets(file, await readFile(join(root, file), 'utf8'))))
  return each.flat()
}

/** Where a snippet lies as a program: `folder/doc_guide.md_12.ts`. */
function programPath (folder: string, { file, line, language }: Snippet): string {
  return join(folder, `${file.replaceAll('/', '_')}_${line}.${language}`)
}

/** Writes the snippets as programs, with a tsconfig.json that checks all of them. */
export async function writePrograms (folder: string, snippets: Snippet[], compilerOptions: object = {}): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const snippet of snippets) await writeFile(programPath(folder, snippet), snippet.code + (snippet.language === 'ts' ? '\nexport {}\n' : ''))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      lib: ['ESNext', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
      types: ['node'],
      strict: true,
      noImplicitAny: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      allowJs: true,
      noEmit: true,
      ...compilerOptions
    },
    include: ['.']
  }, undefined, 2))
}

/** Type-checks a folder that has a tsconfig.json. @returns one line per problem */
export async function typeCheck (root: string, folder: string): Promise<string[]> {
  const { output } = await run(process.execPath, [join(root, 'node_modules/typescript-native/bin/tsc'), '-p', folder, '--pretty', 'false'], folder)
  return output.split('\n').filter(line => line.includes('error TS'))
}

/** Runs a program of `folder` in a new folder with something to publish. @throws Problem with the output when it fails */
export async function runSnippet (folder: string, snippet: Snippet, path: string): Promise<void> {
  const cwd = await mkdtemp(join(tmpdir(), 'shoal-doc-'))
  try {
    await mkdir(join(cwd, 'public'))
    await writeFile(join(cwd, 'public/index.html'), '<!doctype html><title>An example</title>')
    await writeFile(join(cwd, 'public/data.bin'), Uint8Array.from({ length: 300_000 }, (_, index) => index % 251))
    const program = programPath(folder, snippet)
    const [command, args] = snippet.language === 'sh' ? ['bash', ['-euo', 'pipefail', program]] : [process.execPath, [program]]
    const { ok, output } = await run(command as string, args as string[], cwd, `${path}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`)
    if (!ok) throw new Problem(`${snippet.file}:${snippet.line} failed or ran longer than ${TIMEOUT_MS / 1000} s\n${output}`)
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

export async function run (command: string, args: string[], cwd: string, path = process.env['PATH'] ?? ''): Promise<{ ok: boolean, output: string }> {
  return new Promise(resolve => {
    const options = { cwd, timeout: TIMEOUT_MS, maxBuffer: 1 << 26, env: { ...process.env, PATH: path, NODE_NO_WARNINGS: '1' } }
    execFile(command, args, options, (error, stdout, stderr) => { resolve({ ok: error === null, output: stdout + stderr }) })
  })
}
