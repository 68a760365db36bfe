/**
 * Code in Markdown files. The info string of a fence says what is done with it:
 *
 *     ```ts                   type-checked (also `js`)
 *     ```ts run               type-checked and run by Node.js, in a folder with a `public` folder to publish
 *     ```ts ignore: REASON    neither
 *     ```sh                   its `npm run` scripts have to exist
 *     ```sh run               run by bash, likewise
 *
 * A comment `<!-- setup` … `-->` right before a fence is code that readers do not see and that comes before the block's.
 */

export interface Snippet {
  /** Markdown file, relative to the repository. */
  file: string
  /** Line of the fence, from 1. */
  line: number
  language: 'ts' | 'js' | 'sh'
  mode: 'check' | 'run' | 'ignore'
  /** The whole file with every other line blanked, so that line numbers stay true. */
  code: string
}

const LANGUAGES: Record<string, Snippet['language']> = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js', sh: 'sh', bash: 'sh', shell: 'sh' }

/** @throws Error when a fence is not closed or its info string is not one of the above */
export function extractSnippets (file: string, text: string): Snippet[] {
  const lines = text.split('\n')
  const snippets: Snippet[] = []
  let setup: [from: number, to: number] | undefined
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string
    if (line.startsWith('<!-- setup')) {
      const to = lines.indexOf('-->', at)
      if (to < 0) throw new Error(`${file}:${at + 1}: setup comment without an end`)
      setup = [at + 1, to]
      at = to
      continue
    }
    const fence = /^(`{3,})\s*(\S*)\s*(.*)$/.exec(line)
    if (fence === null) {
      if (line.trim() !== '') setup = undefined
      continue
    }
    const end = lines.indexOf(fence[1] as string, at + 1)
    if (end < 0) throw new Error(`${file}:${at + 1}: code block without an end`)
    const language = LANGUAGES[fence[2] as string]
    if (language !== undefined) {
      const kept = [...setup === undefined ? [] : [setup], [at + 1, end] as [number, number]]
      const code = lines.map((content, index) => kept.some(([from, to]) => index >= from && index < to) ? content : '').join('\n')
      snippets.push({ file, line: at + 1, language, mode: modeOf(fence[3] as string, `${file}:${at + 1}`), code })
    }
    setup = undefined
    at = end
  }
  return snippets
}

function modeOf (info: string, where: string): Snippet['mode'] {
  if (info === '') return 'check'
  if (info === 'run') return 'run'
  if (/^ignore: \S/.test(info)) return 'ignore'
  throw new Error(`${where}: expected nothing, "run" or "ignore: REASON" after the language, got "${info}"`)
}
