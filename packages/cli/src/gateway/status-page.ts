import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendText } from './respond.js'
import { SCRIPT } from './status-script.js'
import { STYLE } from './status-style.js'

const BODY = `
<header>
  <div><h1><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M3 16c5-7 12-8 18-3l6-5-2 8 2 8-6-5c-6 5-13 4-18-3z"/><circle cx="9.5" cy="14.6" r="1.2"/></svg>Shoal node</h1>
  <p id="peer" class="mono"></p></div>
  <p id="live"><i></i><span>connecting</span></p>
</header>
<main>
  <section class="tiles">
    <div class="tile"><h2>From peers</h2><p id="peers-bytes">–</p><small id="share"></small></div>
    <div class="tile"><h2>From origins</h2><p id="origin-bytes">–</p><small id="wasted"></small></div>
    <div class="tile"><h2>Given to peers</h2><p id="given">–</p><small id="ratio"></small></div>
    <div class="tile"><h2>Peers</h2><p id="peer-count">–</p><small id="connections"></small></div>
    <div class="tile"><h2>Store</h2><p id="store">–</p><small id="quota"></small><div class="bar"><b id="store-bar"></b></div></div>
    <div class="tile"><h2>Up</h2><p id="uptime">–</p><small id="process"></small></div>
  </section>
  <section class="card">
    <div class="row"><h2>Throughput, last two minutes</h2>
    <p class="legend"><span class="in">from peers <b id="rate-in">–</b></span><span class="origin">from origins <b id="rate-origin">–</b></span><span class="out">given <b id="rate-out">–</b></span></p></div>
    <svg id="chart" viewBox="0 0 1000 180" preserveAspectRatio="none" role="img" aria-label="Bytes per second over the last two minutes"></svg>
  </section>
  <section class="card"><h2>Contents</h2><div class="scroll"><table id="contents"></table></div></section>
  <section class="card"><h2>Peers</h2><div class="scroll"><table id="peers"></table></div></section>
  <section class="card"><h2>Addresses</h2><ul id="addrs" class="mono"></ul></section>
</main>
<footer id="version"></footer>`

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Style and script are named by their hashes: whatever else got into the page would neither run nor load anything. */
const CSP = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; connect-src 'self'; img-src data:; base-uri 'none'; ` +
  "form-action 'none'; frame-ancestors 'none'"

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark"><title>Shoal node</title><link rel="icon" href="data:,"><style>${STYLE}</style></head><body>${BODY}
<script type="module">${SCRIPT}</script></body></html>`

/** The page on the node itself: no request but for `/status.json` leaves it. */
export function statusPage (request: IncomingMessage, response: ServerResponse): void {
  sendText(request, response, 'text/html; charset=utf-8', PAGE, { 'Content-Security-Policy': CSP, 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' })
}
