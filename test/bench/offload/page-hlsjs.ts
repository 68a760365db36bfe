/** hls.js alone. */
import Hls from 'hls.js'
import { begin } from './begin.ts'
import { player } from './viewing.ts'

begin((viewing, _video, config) => { viewing.play(new Hls(player(config)), Hls) })
