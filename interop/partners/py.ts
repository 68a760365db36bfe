/** py-libp2p, where it can be installed. */

import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { gossip, kad, relay, transports, type Starter, type Traits } from '../support/network-runs.ts'
import type { Partner } from '../support/partner.ts'
import { PeerProcess } from '../support/peer.ts'
import { NETWORK } from '../support/shoals.ts'
import { at, CACHE, has, run } from '../support/tools.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/quic-v1']
const HOME = `${CACHE}python`

const TRAITS: Traits = {
  name: 'py-libp2p',
  dialled: '/tls/1.0.0',
  dials: '/noise',
  noDirect: 'py-libp2p has WebRTC-Direct as an extra alone, with aiortc and its media codecs, which is not installed here'
}

const start: Starter = without => PeerProcess.start('the peer in Python', `${HOME}/bin/python`, [at('python/peer.py'), JSON.stringify({
  network: NETWORK, listen: LISTEN, security: ['noise', 'tls'], kad: without !== 'kad'
})])

/** Installs what is pinned, unless that is there. */
async function install (): Promise<void> {
  const wanted = createHash('sha256').update(await readFile(at('python/requirements.txt'))).digest('hex')
  if (await readFile(`${HOME}/.installed`, 'utf8').catch(() => '') === wanted) return
  await rm(HOME, { recursive: true, force: true })
  await run('python3', ['-m', 'venv', HOME], at('python'))
  await run(`${HOME}/bin/python`, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'], at('python'))
  await writeFile(`${HOME}/.installed`, wanted)
}

export const py: Partner = {
  name: 'py',
  title: TRAITS.name,
  quick: false,
  about: 'py-libp2p: all of libp2p that Shoal uses but WebRTC-Direct',
  missing: () => has('python3', '-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))')
    ? undefined
    : 'there is no Python of at least 3.10 with venv on this machine',
  prepare: install,
  async run (cells) {
    await transports(cells, TRAITS, start)
    await kad(cells, TRAITS, start)
    await gossip(cells, TRAITS, start)
    await relay(cells, TRAITS, start)
  }
}
