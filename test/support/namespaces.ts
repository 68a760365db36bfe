/** Network namespaces for tests and benches: machines on one machine, with links of their own. Linux, root and iproute2 are needed. */

import { spawnSync } from 'node:child_process'

const live = new Set<Space>()

let made = 0

/** One namespace, with its loopback up and without IPv6. */
export class Space {
  readonly name: string

  /** @throws Error where namespaces are not permitted */
  constructor () {
    this.name = `shoal-${process.pid}-${made++}`
    run('ip', 'netns', 'add', this.name)
    live.add(this)
    this.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1')
    this.ip('link', 'set', 'lo', 'up')
  }

  /** What to start to have a program run here; the process becomes that program, so its id and its channels stay. */
  command (program: string, ...args: readonly string[]): [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.name, program, ...args]
  }

  /** Waits for its end. @throws Error when it fails */
  run (program: string, ...args: readonly string[]): void {
    run(...this.command(program, ...args))
  }

  /** `ip` on this namespace. @throws Error when it fails */
  ip (...args: readonly string[]): void {
    run('ip', '-n', this.name, ...args)
  }

  /** Its links, and their other ends, go with it; processes in it have to be ended first. */
  remove (): void {
    if (live.delete(this)) run('ip', 'netns', 'del', this.name)
  }
}

/** Removes whatever is left. */
export function removeSpaces (): void {
  for (const space of live) space.remove()
}

/** Why there can be none here; `undefined` when there can. */
export function whyNoSpaces (): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need Linux and root'
  try {
    new Space().remove()
    return undefined
  } catch (error) {
    return `network namespaces are not permitted here: ${(error as Error).message}`
  }
}

function run (program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}
