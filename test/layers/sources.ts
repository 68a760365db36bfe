import { glob, readFile } from 'node:fs/promises'
import ts from 'typescript'

/** A repository's files by path relative to its root: sources, tests, package.json and tsconfig.json files. */
export type Tree = ReadonlyMap<string, string>

export interface Import {
  /** What stands between the quotes. */
  specifier: string
  line: number
  /** Nothing of it is left at run time. */
  typeOnly: boolean
}

export interface Source {
  path: string
  package: string
  kind: 'src' | 'test'
  imports: Import[]
  /** Lines where something is declared a `VerifiedBlock`: a type assertion that is no mere narrowing, or a type guard. */
  brands: number[]
}

export interface Manifest {
  name: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

export async function readTree (root: string): Promise<Tree> {
  const tree = new Map<string, string>()
  const patterns = ['package.json', 'packages/*/package.json', 'packages/*/tsconfig.json', 'packages/*/src/**/*.ts', 'packages/*/test/**/*.ts']
  for await (const path of glob(patterns, { cwd: root })) tree.set(path, await readFile(`${root}/${path}`, 'utf8'))
  return tree
}

export function parseSources (tree: Tree): Source[] {
  const sources: Source[] = []
  for (const [path, text] of tree) {
    const match = /^packages\/([^/]+)\/(src|test)\/.*\.ts$/.exec(path)
    if (match !== null) sources.push({ path, package: match[1] as string, kind: match[2] as 'src' | 'test', ...parse(path, text) })
  }
  return sources
}

function parse (path: string, text: string): Pick<Source, 'imports' | 'brands'> {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const imports: Import[] = []
  const brands: number[] = []
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
  const found = (at: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier !== undefined && ts.isStringLiteral(specifier)) imports.push({ specifier: specifier.text, line: lineOf(at), typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) found(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node)) found(node, node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) found(node, node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found(node, node.arguments[0], false)
    else if (ts.isTypePredicateNode(node) || (ts.isAssertionExpression(node) && !isLookup(node.expression))) {
      if (node.type !== undefined && /\bVerifiedBlock\b/.test(node.type.getText(file))) brands.push(lineOf(node))
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { imports, brands }
}

/** `blocks[0]`, `map.get(x)`, `await take(2)`: an assertion on these says that something is there. */
function isLookup (node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node) || ts.isAwaitExpression(node)) return isLookup(node.expression)
  return ts.isElementAccessExpression(node) || ts.isCallExpression(node)
}
