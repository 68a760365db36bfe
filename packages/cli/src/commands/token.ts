import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { ConfigError, type TenantKey } from '@shoal/interface'
import { UsageError } from '../errors.js'
import { didYouMean } from '../options/suggest.js'
import { COMMON, type Values } from '../options/table.js'
import { readTenant } from '../tenant.js'
import type { Command, Context } from '../types.js'

const VALID_FOR_S = 3_600

type Action = 'create' | 'peer' | 'issue' | 'revoke' | 'apply'

interface CreatedLine { readonly tenant: TenantKey, readonly file: string }
interface PeerLine { readonly peerId: string }
interface IssuedLine { readonly token: string, readonly id: string, readonly peer: string, readonly expires: string }
interface RevokedLine { readonly list: string, readonly sequence: number, readonly applied: boolean }

const ACTIONS: Readonly<Record<Action, (context: Context) => Promise<void>>> = { create, peer, issue, revoke, apply }

export const token: Command = {
  name: 'token',
  summary: 'make the keys of a tenant, issue tokens, take them back',
  args: ['create|peer|issue|revoke|apply'],
  options: ['hidden', 'peer', 'valid-for', 'role', 'content', 'prefix', 'region', 'token-id', 'list', ...COMMON],
  defaults: () => ({ listen: [], bootstrap: [] }),
  examples: [
    ['shoal token create --tenant tenant.json', 'prints the public key, for publish --require-token'],
    ['shoal token peer --data ./viewer', 'prints the id that the node on ./viewer has, and a token for it names'],
    ['shoal token issue --tenant tenant.json --peer 12D3Koo… --content shoal:bafy…', 'prints a token for an hour'],
    ['shoal token revoke --tenant tenant.json --peer 12D3Koo… --data ./node', 'the node on ./node puts the peer out and tells the others'],
    ['shoal token apply --list tenant.json.revoked --data ./node', 'the same on a machine without the tenant\'s keys']
  ],
  notes: 'Keep the file of --tenant to yourself: whoever has it issues tokens. A list of what is taken back says all of it, and lies beside that\n' +
    'file. Lines of --json: {"tenant","file"}; {"peerId"}; {"token","id","peer","expires"}; {"list","sequence","applied"}.',
  attach: 'when-running',

  prepare (args, values) {
    const [action = ''] = args
    if (!Object.hasOwn(ACTIONS, action)) throw new UsageError(`expected create, peer, issue, revoke or apply, got '${action}'.${didYouMean(action, Object.keys(ACTIONS))}`)
    if (action === 'peer' && values.data === undefined) throw new UsageError('token peer needs --data: without a folder a node is new each time')
    if (action !== 'apply' && action !== 'peer' && values.tenant === undefined) throw new UsageError(`token ${action} needs --tenant FILE`)
    if (action === 'issue' && values.peer?.length !== 1) throw new UsageError('token issue needs one --peer: a token is for one peer alone')
    if (action === 'revoke' && values.peer === undefined && values['token-id'] === undefined) throw new UsageError('token revoke needs --peer or --token-id')
    if (action === 'apply' && (values.list === undefined || values.data === undefined)) throw new UsageError('token apply needs --list and --data')
    return args
  },

  async run (context) {
    await ACTIONS[context.args[0] as Action](context)
  },

  render (line) {
    if ('token' in line) return (line as IssuedLine).token
    if ('peerId' in line) return (line as PeerLine).peerId
    if ('tenant' in line) return (line as CreatedLine).tenant
    const { list, sequence, applied } = line as RevokedLine
    return `${list}: number ${sequence}, ${applied ? 'applied' : 'not applied to a node here'}`
  }
}

async function create ({ values: { tenant = '', hidden }, emit }: Context): Promise<void> {
  const { createTenant } = await import('@shoal/policy/issuing')
  const keys = await createTenant({ hidden })
  try {
    writeFileSync(tenant, `${JSON.stringify(keys)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new ConfigError(`--tenant: ${(error as Error).message}`, { cause: error })
  }
  emit({ tenant: keys.tenant, file: tenant } satisfies CreatedLine)
}

async function peer ({ node, emit }: Context): Promise<void> {
  emit({ peerId: (await node()).peerId } satisfies PeerLine)
}

async function issue ({ values, emit }: Context): Promise<void> {
  const [{ issueToken }, { readToken }] = await Promise.all([import('@shoal/policy/issuing'), import('@shoal/policy')])
  const { tenant = '', peer: [peer = ''] = [], role, content, prefix, region } = values
  const token = await issueToken(await readTenant(tenant), { peer, seconds: values['valid-for'] ?? VALID_FOR_S, role, contents: content, paths: prefix, region })
  const { id, expires } = readToken(token)
  emit({ token, id, peer, expires: new Date(expires * 1000).toISOString() } satisfies IssuedLine)
}

/** The next list is the last one and more. */
async function revoke (context: Context): Promise<void> {
  const { values, emit } = context
  const { tenant = '', list = `${tenant}.revoked`, peer = [] } = values
  const [{ issueRevocations }, { readRevocationList }] = await Promise.all([import('@shoal/policy/issuing'), import('@shoal/policy')])
  const before = existsSync(list) ? readRevocationList(readFileSync(list, 'utf8').trim()) : { sequence: 0, tokens: [], peers: [] }
  const sequence = before.sequence + 1
  const text = await issueRevocations(await readTenant(tenant), {
    sequence,
    tokens: [...new Set([...before.tokens, ...values['token-id'] ?? []])],
    peers: [...new Set([...before.peers, ...peer])]
  })
  writeFileSync(list, `${text}\n`)
  emit({ list, sequence, applied: await hand(text, context) } satisfies RevokedLine)
}

async function apply (context: Context): Promise<void> {
  const { values: { list = '' }, emit } = context
  const { readRevocationList } = await import('@shoal/policy')
  const text = readFileSync(list, 'utf8').trim()
  const { sequence } = readRevocationList(text)
  emit({ list, sequence, applied: await hand(text, context) } satisfies RevokedLine)
}

/** Has the node on the data folder take the list: at once when it runs, at its next start when it does not. */
async function hand (list: string, { values, attached, node }: Context): Promise<boolean> {
  return (attached || (values as Values).data !== undefined) && await (await node()).revoke(list)
}
