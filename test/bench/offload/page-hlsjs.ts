/** hls.js alone. */
import Hls from 'hls.js'
import { begin } from './begin.ts'
import { PLAYER } from './viewing.ts'

begin(viewing => { viewing.play(new Hls({ ...PLAYER }), Hls) })
