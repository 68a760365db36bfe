/**
 * Script of the status page, in the browser's JavaScript. Names come from strangers' manifests and peers: text is only ever set as
 * `textContent`, and attributes only from numbers and encoded strings.
 */
export const SCRIPT = String.raw`
const INTERVAL = 2000, POINTS = 61
const byId = id => document.getElementById(id)
const set = (id, text) => { const node = byId(id); if (node.textContent !== text) node.textContent = text }
const history = []
let before

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
function bytes (n) {
  if (n === null || n === undefined) return 'unlimited'
  let u = 0
  while (n >= 999.5 && u < 5) { n /= 1000; u++ }
  return n.toFixed(u === 0 || n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2) + ' ' + UNITS[u]
}
function time (s) {
  const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60
  return d > 0 ? d + ' d ' + h + ' h' : h > 0 ? h + ' h ' + m + ' min' : m > 0 ? m + ' min' : Math.floor(s) + ' s'
}
const percent = x => Math.round(100 * x) + ' %'
const count = (n, one) => n + ' ' + one + (n === 1 ? '' : 's')

function element (tag, text, name) {
  const node = document.createElement(tag)
  if (text !== undefined) node.textContent = text
  if (name) node.className = name
  return node
}
function bar (share) {
  const outer = element('div', undefined, 'bar'), inner = element('b')
  inner.style.width = Math.min(100, 100 * share) + '%'
  outer.append(inner)
  return outer
}
function fill (id, heads, rows, empty) {
  const table = byId(id)
  if (rows.length === 0) { table.replaceChildren(element('caption', empty, 'empty')); return }
  const line = (tag, cells) => {
    const tr = element('tr')
    cells.forEach((cell, i) => {
      const node = element(tag, typeof cell === 'string' ? cell : undefined, heads[i][1])
      if (typeof cell !== 'string') node.append(cell)
      tr.append(node)
    })
    return tr
  }
  table.replaceChildren(line('th', heads.map(head => head[0])), ...rows.map(row => line('td', row)))
}

function contentName (content) {
  const link = element('a', content.name || '(no name)')
  link.href = '/shoal/' + encodeURIComponent(content.link.split('?')[0]) + '/'
  link.title = content.link
  return link
}

function show (s) {
  const t = s.total, came = t.fromPeers + t.fromOrigin
  set('peer', s.peerId)
  set('peers-bytes', bytes(t.fromPeers)); set('share', came > 0 ? percent(t.fromPeers / came) + ' of all' : '')
  set('origin-bytes', bytes(t.fromOrigin)); set('wasted', bytes(t.wasted) + ' wasted')
  set('given', bytes(t.uploaded)); set('ratio', came > 0 ? (t.uploaded / came).toFixed(2) + ' × what came' : '')
  set('peer-count', String(s.peers.length)); set('connections', count(s.connections, 'connection'))
  set('store', bytes(s.store.used)); set('quota', 'of ' + bytes(s.store.quota))
  byId('store-bar').style.width = (s.store.quota ? Math.min(100, 100 * s.store.used / s.store.quota) : 0) + '%'
  set('uptime', time(s.uptime)); set('process', bytes(s.rss) + ' of memory')
  set('version', 'Shoal ' + s.version + ' · gateway: ' + bytes(s.gateway.bytes) + ' sent, ' + count(s.gateway.active, 'request') + ' now')
  fill('contents', [['Name', 'name'], ['Size', 'n'], ['Held'], ['', 'n'], ['Connected', 'n'], ['Swarm', 'n']], s.contents.map(c => {
    const held = c.bytes === 0 ? 1 : c.held / c.bytes
    return [contentName(c), bytes(c.bytes), bar(held), percent(held), String(c.connected), '~' + c.swarmSize]
  }), 'No content is open.')
  const peers = [...s.peers].sort((a, b) => b.stats.received + b.stats.sent - a.stats.received - a.stats.sent).slice(0, 100)
  fill('peers', [['Peer', 'mono'], ['Transport'], ['Round trip', 'n'], ['Received', 'n'], ['Rate', 'n'], ['Sent', 'n'], ['Contents', 'n']], peers.map(p => [
    p.peer.slice(0, 10) + '…' + p.peer.slice(-6), element('span', p.route + (p.limited ? ' (signalling)' : '') + (p.direction === 'inbound' ? ' ← in' : ' → out'), 'pill'),
    p.stats.rtt === undefined ? '–' : Math.round(p.stats.rtt) + ' ms', bytes(p.stats.received), bytes(p.stats.rate) + '/s', bytes(p.stats.sent), String(p.contents.length)
  ]), 'No peers are connected.')
  byId('addrs').replaceChildren(...s.addrs.map(a => element('li', a)))
}

function rates (s, now) {
  const t = s.total
  if (before && before.peerId === s.peerId && t.uploaded >= before.t.uploaded) {
    const dt = (now - before.now) / 1000
    const rate = key => Math.max(0, (t[key] - before.t[key]) / dt)
    history.push({ now, in: rate('fromPeers'), origin: rate('fromOrigin'), out: rate('uploaded') })
  }
  before = { now, t, peerId: s.peerId }
  while (history.length > POINTS) history.shift()
  const last = history.at(-1)
  if (!last) return
  for (const key of ['in', 'origin', 'out']) set('rate-' + key, bytes(last[key]) + '/s')
  const top = 1.1 * Math.max(1000, ...history.flatMap(p => [p.in, p.origin, p.out]))
  const x = p => 1000 - (last.now - p.now) / INTERVAL / (POINTS - 1) * 1000
  const y = v => 178 - 172 * v / top
  const NS = 'http://www.w3.org/2000/svg', parts = []
  for (const at of [6, 64, 121, 178]) {
    const grid = document.createElementNS(NS, 'line')
    for (const [k, v] of [['x1', 0], ['x2', 1000], ['y1', at], ['y2', at]]) grid.setAttribute(k, v)
    parts.push(grid)
  }
  for (const key of ['out', 'origin', 'in']) {
    const d = 'M' + history.map(p => x(p).toFixed(1) + ' ' + y(p[key]).toFixed(1)).join('L')
    for (const [name, path] of [['area ', d + 'L1000 178L' + x(history[0]).toFixed(1) + ' 178Z'], ['', d]]) {
      const node = document.createElementNS(NS, 'path')
      node.setAttribute('class', name + key)
      node.setAttribute('d', path)
      parts.push(node)
    }
  }
  byId('chart').replaceChildren(...parts)
}

async function refresh () {
  const live = byId('live')
  try {
    const response = await fetch('/status.json', { cache: 'no-store', signal: AbortSignal.timeout(10000) })
    if (!response.ok) throw new Error('status ' + response.status)
    const status = await response.json()
    show(status)
    rates(status, performance.now())
    live.className = 'on'
    live.lastChild.textContent = 'running'
  } catch {
    live.className = 'off'
    live.lastChild.textContent = 'no answer from the node'
  }
  setTimeout(refresh, document.hidden ? 5 * INTERVAL : INTERVAL)
}
refresh()
`
