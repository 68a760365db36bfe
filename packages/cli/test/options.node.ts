import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { COMMANDS } from '../src/commands/index.js'
import { commandHelp } from '../src/help.js'
import { parseOptions } from '../src/options/parse.js'
import { suggest } from '../src/options/suggest.js'
import { COMMON, envName, flagName, nodeOptions, type OptionName, OPTIONS, specOf, type Values } from '../src/options/table.js'
import { folder } from './support/run.js'

/** Text for a flag, and the value it stands for. */
const SAMPLES: Record<string, [text: string, value: unknown]> = {
  string: ['some', 'some'], list: ['a', ['a']], path: ['x/y', '/cwd/x/y'], flag: ['true', true], seconds: ['1.5', 1.5], count: ['3', 3], amount: ['2GiB', '2GiB'],
  ice: ['stun:a', [{ urls: 'stun:a' }]]
}

function sample (name: OptionName): [text: string, value: unknown] {
  const [choice] = specOf(name).choices ?? []
  return choice === undefined ? SAMPLES[specOf(name).type] ?? ['', ''] : [choice, choice]
}

function parse (argv: string[], env: Record<string, string> = {}, defaults: Values = {}): ReturnType<typeof parseOptions> {
  return parseOptions({ options: Object.keys(OPTIONS) as OptionName[], argv, env, cwd: '/cwd', defaults })
}

describe('options', () => {
  for (const name of Object.keys(OPTIONS) as OptionName[]) {
    if (name === 'config' || name === 'help') continue
    const [text, value] = sample(name)

    it(`${name}: flag`, () => {
      const { values } = parse(specOf(name).type === 'flag' ? [`--${flagName(name)}`] : [`--${flagName(name)}`, text])
      expect(values[name]).to.deep.equal(value)
    })

    const variable = envName(name)
    if (variable === undefined) continue
    it(`${name}: ${variable}`, () => {
      expect(parse([], { [variable]: text }).values[name]).to.deep.equal(value)
    })

    it(`${name}: configuration file`, () => {
      const file = join(folder(), 'config.json')
      const [group = '', word] = name.split('.')
      const json = specOf(name).type === 'path' ? '/cwd/x/y' : value
      writeFileSync(file, JSON.stringify(word === undefined ? { [group]: json } : { [group]: { [word]: json } }))
      expect(parse(['--config', file]).values[name]).to.deep.equal(value)
    })
  }

  it('is read by a command and told by its help', () => {
    const used = new Set(COMMANDS.flatMap(command => command.options))
    expect([...used].sort()).to.deep.equal(Object.keys(OPTIONS).sort())
    for (const command of COMMANDS) {
      for (const name of command.options) expect(commandHelp(command, {}), `${command.name} ${name}`).to.contain(`--${flagName(name)}`)
    }
  })

  it('passes every word of the node to createShoal', () => {
    const names = COMMON.filter(name => specOf(name).node)
    const values = Object.fromEntries(names.map(name => [name, sample(name)[1]])) as Values
    const options = nodeOptions(values) as Record<string, Record<string, unknown>>
    for (const name of names) {
      const [group = '', word] = name.split('.')
      expect(word === undefined ? options[group] : options[group]?.[word], name).to.deep.equal(values[name])
    }
    expect(nodeOptions({})).to.deep.equal({})
  })

  it('flags before environment before configuration file before defaults', () => {
    const file = join(folder(), 'config.json')
    writeFileSync(file, '{ "network": "file", "token": "file", "timeout": 7 }')
    const { values } = parse(['--network', 'flag', '--config', file], { SHOAL_NETWORK: 'env', SHOAL_TOKEN: 'env' }, { timeout: 60, gateway: 'default' })
    expect(values).to.include({ network: 'flag', token: 'env', timeout: 7, gateway: 'default' })
  })

  it('repeats lists and splits them in the environment', () => {
    expect(parse(['--bootstrap', 'a', '--bootstrap', 'b'], { SHOAL_BOOTSTRAP: 'c' }).values.bootstrap).to.deep.equal(['a', 'b'])
    expect(parse([], { SHOAL_BOOTSTRAP: 'a, b\nc' }).values.bootstrap).to.deep.equal(['a', 'b', 'c'])
  })

  it('takes paths in a configuration file as relative to it', () => {
    const at = folder()
    writeFileSync(join(at, 'config.json'), '{ "data": "node" }')
    expect(parse(['--config', join(at, 'config.json')]).values.data).to.equal(join(at, 'node'))
  })

  const BAD: [what: string, argv: string[], env: Record<string, string>, message: RegExp][] = [
    ['unknown flag', ['--bootstap', 'x'], {}, /unknown option '--bootstap'. Did you mean '--bootstrap'\?/],
    ['flag without its value', ['--data'], {}, /--data needs a value/],
    ['flag where a value belongs', ['--data', '--json'], {}, /--data needs a value/],
    ['value for a switch', ['--json=yes'], {}, /--json.*does not take an argument/],
    ['empty value', ['--data='], {}, /--data: expected a value/],
    ['no number', ['--timeout', 'soon'], {}, /--timeout: expected a number of seconds.*'soon'/],
    ['negative number', ['--timeout=-1'], {}, /--timeout: expected/],
    ['fraction of a count', ['--upload-slots', '1.5'], {}, /--upload-slots: expected a whole number/],
    ['not among the choices', ['--mode', 'hybird'], {}, /--mode: expected one of hybrid.*'hybird'.*mean 'hybrid'/],
    ['bad switch in the environment', [], { SHOAL_JSON: 'maybe' }, /SHOAL_JSON: expected true or false, got 'maybe'/],
    ['missing configuration file', ['--config', '/nowhere.json'], {}, /cannot read the configuration file \/nowhere.json/]
  ]
  for (const [what, argv, env, message] of BAD) {
    it(`refuses: ${what}`, () => {
      expect(() => parse(argv, env)).to.throw(message).with.property('code').that.is.oneOf(['ERR_USAGE', 'ERR_CONFIG'])
    })
  }

  const BAD_FILES: [json: string, message: RegExp][] = [
    ['{', /is not JSON/],
    ['[]', /expected an object/],
    ['{ "bootstap": [] }', /unknown key 'bootstap'. Did you mean 'bootstrap'\?/],
    ['{ "store": { "qota": 1 } }', /unknown key 'store.qota'. Did you mean 'store.quota'/],
    ['{ "store": 1 }', /'store': expected an object/],
    ['{ "once": true }', /unknown key 'once'/],
    ['{ "share": false }', /unknown key 'share'/],
    ['{ "listen": [1] }', /'listen': expected a string or a list of strings, got \[1\]/],
    ['{ "mdns": "yes" }', /'mdns': expected true or false, got "yes"/],
    ['{ "token": 5 }', /'token': expected a string/],
    ['{ "upload": { "slots": -1 } }', /'upload.slots': expected a whole number/],
    ['{ "iceServers": [{ "url": "stun:a" }] }', /'iceServers': expected URLs or objects/]
  ]
  for (const [json, message] of BAD_FILES) {
    it(`refuses the configuration file ${json}`, () => {
      const file = join(folder(), 'config.json')
      writeFileSync(file, json)
      expect(() => parse(['--config', file])).to.throw(message).with.property('code', 'ERR_CONFIG')
    })
  }

  it('suggests what is near and nothing else', () => {
    const words = ['publish', 'fetch', 'serve', 'status', 'peers', 'ledger']
    expect(suggest('publsh', words)).to.equal('publish')
    expect(suggest('ftech', words)).to.equal('fetch')
    expect(suggest('stat', words)).to.equal('status')
    expect(suggest('download', words)).to.equal(undefined)
  })
})
